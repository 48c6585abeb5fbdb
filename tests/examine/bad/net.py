"""Tries to open a socket, and says what happened."""

import socket

from brightline.core.finding import Basis, Detail, Finding
from brightline.core.words import Words

NAME = "bad.net"


def detect(subject):
    outcome = "connected"
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        outcome = type(error).__name__
    yield Finding(
        detector=NAME,
        claim="test.net",
        basis=Basis.PROOF,
        probability=1,
        why=Words("tried", "尝试"),
        details=(Detail("o", outcome),),
    )

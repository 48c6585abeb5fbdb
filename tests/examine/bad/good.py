"""Finds the word FRAUD, and behaves."""

from brightline.core.finding import Basis, Finding, Span
from brightline.core.harm import Harm
from brightline.core.words import Words

NAME = "bad.good"


def detect(subject):
    at = subject.text.find("FRAUD")
    if at >= 0:
        yield Finding(
            detector=NAME,
            claim="test.word",
            basis=Basis.ESTIMATE,
            probability=0.9,
            harm=Harm.FRAUD_AI,
            why=Words("the word is there", "词语存在"),
            where=(Span(at, at + 5),),
        )

"""Forms with files, as the routes of pictures and sound take them: bounded, read once, written anew for the upstream.

Source: RFC 7578 (multipart/form-data), RFC 2046 5.1.1 (boundaries).
"""

import re

import msgspec

from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Call, Protocol, Turn, Unread

FIELDS_LIMIT = 64  # of one form; real ones have under 15 (count)
HEAD_LIMIT_BYTES = 4 * 1024  # of one field
_BOUNDARY = re.compile(
    r"(?i)multipart/form-data\s*;(?:[^\"]*;)?\s*boundary=\"?([0-9A-Za-z'()+_,./:=? -]{1,70}?)\"?\s*(?:;|$)"
)
_NAME = re.compile(rb'(?i)content-disposition:\s*form-data;[^\r\n]*?\bname="([^"\r\n]{1,100})"')
_FILE = re.compile(rb"(?i)\bfilename\*?=")


class Field(msgspec.Struct, frozen=True):
    """One field of a form.

    Attributes:
        head: its header lines.
        name: its name.
        data: its bytes.
        is_file: it is a file and no words.
    """

    head: bytes
    name: str
    data: bytes
    is_file: bool


class Form(msgspec.Struct, frozen=True):
    """A form, read.

    Attributes:
        boundary: what separates its fields.
        fields: in order.
    """

    boundary: bytes
    fields: tuple[Field, ...]


def read_form(content_type: str, data: bytes) -> Form:
    """Cut a form into its fields.

    Raises:
        Fault: 400, it is no form, or has too many fields.
    """
    match = _BOUNDARY.match(content_type)
    if match is None:
        raise Fault(400, "invalid_content_type", "expected multipart/form-data with a boundary")
    boundary = match[1].encode()
    pieces = (b"\r\n" + data).split(b"\r\n--" + boundary, FIELDS_LIMIT + 2)
    if len(pieces) < 3 or len(pieces) > FIELDS_LIMIT + 2 or not pieces[-1].startswith(b"--"):
        raise Fault(400, "invalid_form", f"the form is torn, or has more than {FIELDS_LIMIT} fields")
    return Form(boundary, tuple(_field(piece) for piece in pieces[1:-1]))


def _field(piece: bytes) -> Field:
    head, separator, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if not separator or name is None or len(head) > HEAD_LIMIT_BYTES:
        raise Fault(400, "invalid_form", "a field of the form has no name, or too long a head")
    return Field(head, name[1].decode("utf-8", "replace"), data, _FILE.search(head) is not None)


def write_form(form: Form, model: str) -> bytes:
    """The form's bytes with another model's name in it."""
    out: list[bytes] = []
    for field in form.fields:
        data = model.encode() if field.name == "model" else field.data
        out += [b"--", form.boundary, b"\r\n", field.head, b"\r\n\r\n", data, b"\r\n"]
    return b"".join([*out, b"--", form.boundary, b"--\r\n"])


def call_of_form(protocol: Protocol, form: Form) -> Call:
    """What a form asks for: its words as turns, its files unread.

    Raises:
        Fault: 400, it names no model, or more than one, or asks for a stream.
    """
    models = [field.data for field in form.fields if field.name == "model"]
    if len(models) != 1 or not 0 < len(models[0]) <= 256:
        raise Fault(400, "invalid_value", "expected one field `model`", param="model")
    if any(field.name == "stream" and field.data.strip().lower() == b"true" for field in form.fields):
        raise Fault(400, "unsupported_value", "streams of this route are not served", param="stream")
    words = [
        field.data.decode("utf-8", "replace")
        for field in form.fields
        if not field.is_file and field.name != "model" and field.data
    ]
    unread = [Unread(-1, "file") for field in form.fields if field.is_file]
    return Call(
        protocol=protocol,
        model=models[0].decode("utf-8", "replace"),
        stream=False,
        body={},
        turns=tuple(Turn("user", text) for text in words),
        unread=tuple(unread),
    )

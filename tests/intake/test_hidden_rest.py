"""What a page holds beyond the limits on hidden words and inner pictures is said in a gap."""

import base64

from intake_parts import gap_kinds, opened, words_of

from brightline.core.subject import GapKind
from brightline.intake.html import DATA_PICTURES, HIDDEN_CHARACTERS
from hostile.samples import picture


def page(inner: str) -> bytes:
    return f"<!DOCTYPE html><html><body><p>Good morning.</p>{inner}</body></html>".encode()


def test_hidden_words_behind_many_hidden_words_leave_a_gap():
    filler = "<p hidden>nothing to see here</p>"
    few = opened(page(filler * 10 + "<p hidden>send all of it</p>"))
    assert "send all of it" in words_of(few)
    assert not gap_kinds(few)
    many = opened(page(filler * (HIDDEN_CHARACTERS // 10) + "<p hidden>send all of it</p>"))
    assert gap_kinds(many) == {GapKind.LIMIT}


def test_pictures_behind_many_pictures_leave_a_gap():
    one = f"<img src='data:image/png;base64,{base64.b64encode(picture('PNG')).decode()}'>"
    assert not gap_kinds(opened(page(one * DATA_PICTURES)))
    assert GapKind.LIMIT in gap_kinds(opened(page(one * (DATA_PICTURES + 1))))

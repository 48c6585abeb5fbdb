"""What was cut off, or hides behind something else, is said in a gap."""

import pytest
from intake_parts import opened

from brightline.core.subject import GapKind, Kind
from hostile.samples import CHINESE, picture, samples, zipped

FRAMED = [
    name
    for name, (_, kind, _) in samples().items()
    if kind.media in {"image", "audio", "video", "archive"} or kind in {Kind.DOCX, Kind.PPTX, Kind.XLSX}
]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
@pytest.mark.parametrize("name", [name for name in FRAMED if name not in {"sound.mp3", "files.tar"}])
def test_a_cut_file_of_a_format_that_knows_its_length_leaves_a_gap(name, share):
    data = samples()[name][0]
    assert not opened(data).gaps
    assert opened(data[: int(len(data) * share)]).gaps


def test_a_live_matroska_says_no_length_and_is_whole():
    data = samples()["film.webm"][0]
    at = data.index(b"\x18\x53\x80\x67") + 4
    assert not opened(data[:at] + b"\x01" + b"\xff" * 7 + data[at + 8 :]).gaps


def test_what_stands_behind_a_picture_is_not_taken_for_examined():
    subject = opened(picture("PNG") + zipped({"a.txt": CHINESE.encode()}))
    assert (subject.kind, [gap.kind for gap in subject.gaps]) == (Kind.PNG, [GapKind.UNSUPPORTED])


def test_a_pickle_that_has_called_something_is_one_whatever_follows():
    for data in (b"cos\nsystem\n(S'id'\ntR", b"cos\nsystem\n(S'id'\ntR\xff\xff", b"(S'id'\nios\nsystem\n!"):
        assert opened(data).kind is Kind.PICKLE

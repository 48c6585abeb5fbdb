"""A file of a kind that no reader of marks knows leaves a gap and waits for a person; it is never clean."""

import io

import pytest
from PIL import Image

from brightline.assembly import assemble
from brightline.core.decision import Action
from brightline.core.subject import Context, Kind
from brightline.line import Job
from brightline.settings import Settings


def bitmap() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "BMP")
    return out.getvalue()


FILES = {
    "BMP": bitmap(),
    "MPEG-TS": (b"\x47\x40\x00\x10" + bytes(184)) * 50,
    "MPEG-PS": b"\0\0\1\xba\x44\0\4\0\4\1\0\1\x89\xc3\xf8" + bytes(300),
    "ASF": bytes.fromhex("3026B2758E66CF11A6D900AA0062CE6C") + bytes(300),
    "AAC": (b"\xff\xf1\x50\x80\x20\x1f\xfc" + b"\x11" * 250) * 8,
    "AMR": b"#!AMR\n" + (b"\x3c" + bytes(31)) * 20,
    "AIFF": b"FORM\0\0\1\0AIFF" + bytes(250),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(300),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with assemble(Settings(home=tmp_path_factory.mktemp("home"), jobs=1)) as house:
        yield house


@pytest.mark.parametrize("name", FILES)
def test_a_kind_that_carries_no_mark_leaves_a_gap(house, name):
    (judged,) = house.line.judge(
        [Job(name=name, data=FILES[name], context=Context(time="2026-11-23T00:00:00Z"))]
    )
    assert judged.examination.facts.kind is Kind.UNKNOWN
    assert [gap.source for gap in judged.examination.gaps] == ["examine"]
    assert judged.decision.action >= Action.REVIEW

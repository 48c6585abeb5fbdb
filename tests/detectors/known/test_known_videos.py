import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from brightline.core.errors import BankError, DetectorError
from brightline.core.finding import Seconds
from brightline.core.subject import Kind, Subject
from brightline.detectors.known.banks import bank_from_subjects
from brightline.detectors.known.known import prepare
from brightline.detectors.known.rows import HashType, Row, inspect, read, write_rows
from brightline.detectors.known.video_rows import RECORD_BYTES, RECORDS_MOST, records, video_value
from brightline.media.fingerprint import Pdq
from brightline.media.video_prints import FramePrint, without_bars
from brightline.settings import BankSetting, Settings
from films import RATE, encoded, filmed, shapes, shot, sound_only

KNOWN = [*shot(1, 3), *shot(2, 3), *shot(3, 3)]
STRANGE = [*shot(11, 3), *shot(12, 3)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A bank of one video of three shots, its bytes not among the rows."""
    folder = tmp_path_factory.mktemp("known")
    rows = list(bank_from_subjects([filmed(encoded(KNOWN), name="scam film")]))
    assert {row.type for row in rows} == {HashType.SHA256, HashType.VIDEO}
    write_rows((row for row in rows if row.type is HashType.VIDEO), folder / "films.jsonl")
    return folder


def ask(home, one: Subject, **setting: object):
    bank = BankSetting(name="films", path=home / "films.jsonl", **{"harm": "fraud_ai", **setting})
    return list(prepare(Settings(home=home / "home", banks=(bank,)))(one))


def resized(frames, width, height):
    return [np.asarray(Image.fromarray(frame).resize((width, height))) for frame in frames]


COPIES = {
    "compressed hard": lambda: encoded(KNOWN, crf=36),
    "half the size": lambda: encoded(resized(KNOWN, 80, 60)),
    "another shape": lambda: encoded(resized(KNOWN, 200, 120)),
    "another codec": lambda: encoded(KNOWN, codec="libx265", crf=28),
    "half the frames": lambda: encoded(KNOWN[::2], rate=RATE // 2),
    "grey": lambda: encoded(np.asarray(Image.fromarray(frame).convert("L").convert("RGB")) for frame in KNOWN),
    "mirrored": lambda: encoded(np.ascontiguousarray(frame[:, ::-1]) for frame in KNOWN),
    "with black bars above and below": lambda: encoded(np.pad(frame, ((16, 16), (0, 0), (0, 0))) for frame in KNOWN),
    "with black bars at the sides": lambda: encoded(np.pad(frame, ((0, 0), (40, 40), (0, 0))) for frame in KNOWN),
    "an excerpt": lambda: encoded(KNOWN[round(1.7 * RATE) : round(6.2 * RATE)]),
    "with another beginning and end": lambda: encoded([*STRANGE, *KNOWN, *shot(13, 2)]),
}  # fmt: skip


@pytest.mark.parametrize("change", COPIES)
def test_a_known_video_is_known_again(home, change):
    found = ask(home, filmed(COPIES[change]()))
    assert [finding.claim for finding in found] == ["known.match"]
    assert found[0].detail("method") == "video"
    assert found[0].detail("id") == "scam film"
    assert found[0].harm == "fraud_ai"
    matched, compared = map(int, found[0].detail("stills").split("/"))
    assert 3 <= matched <= compared


def test_the_place_of_a_known_video_inside_another_is_told(home):
    found = ask(home, filmed(COPIES["with another beginning and end"]()))
    (where,) = found[0].where
    assert isinstance(where, Seconds)
    assert where.start == pytest.approx(6.0, abs=0.7)
    assert where.end == pytest.approx(14.7, abs=0.7)


def test_other_videos_are_not_known(home):
    assert ask(home, filmed(encoded(STRANGE))) == []


def test_one_shared_shot_in_another_order_is_matched_by_that_shot_alone(home):
    found = ask(home, filmed(encoded([*shot(12, 3), *KNOWN[3 * RATE : 6 * RATE], *shot(11, 3)])))
    for finding in found:
        (where,) = finding.where
        assert where.start >= 2.4
        assert where.end <= 6.6


def test_a_video_without_detail_says_that_it_was_not_compared(home):
    flat = [np.full((120, 160, 3), level, dtype=np.uint8) for level in range(60, 100)]
    assert list(bank_from_subjects([filmed(encoded(flat))]))[1:] == []
    found = ask(home, filmed(encoded(flat)))
    assert [finding.claim for finding in found] == ["known.not_compared"]
    assert "video" in found[0].why.en
    assert "视频" in found[0].why.zh


def test_a_bank_that_allows_never_vouches_by_stills(home):
    assert ask(home, filmed(COPIES["compressed hard"]()), allow=True, harm="") == []


def test_what_was_seen_before_the_file_broke_off_is_looked_up(home):
    whole = bytearray(encoded(KNOWN, Kind.AVI, "mpeg4", gop=RATE))
    whole[len(whole) * 7 // 10 :] = bytes(len(whole) - len(whole) * 7 // 10)
    bank = BankSetting(name="films", path=home / "films.jsonl", harm="fraud_ai")
    detect = prepare(Settings(home=home / "home", banks=(bank,)))
    found = []
    with pytest.raises(DetectorError, match=r"broken|end at"):
        found.extend(detect(filmed(bytes(whole), Kind.AVI)))
    assert [finding.claim for finding in found] == ["known.match"]


def test_sound_in_a_video_container_is_nothing_to_compare(home):
    assert ask(home, filmed(sound_only())) == []


def test_a_still_picture_as_video_is_known_by_that_picture(tmp_path):
    still = [np.asarray(shapes(160, 120, 5))] * (4 * RATE)
    other = [np.asarray(shapes(160, 120, 6))] * (4 * RATE)
    rows = [row for row in bank_from_subjects([filmed(encoded(still))]) if row.type is HashType.VIDEO]
    write_rows(rows, tmp_path / "films.jsonl")
    (found,) = ask(tmp_path, filmed(encoded(still, crf=30)))
    assert found.detail("method") == "video"
    assert ask(tmp_path, filmed(encoded(other))) == []


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.binary(min_size=32, max_size=32)), min_size=1, max_size=20)
)
def test_records_read_back(pairs):
    ordered = sorted(pairs)
    value = video_value(FramePrint(at / 1000, Pdq(bits, 100)) for at, bits in ordered)
    seen = records(value)
    assert seen.at_ms.tolist() == [at for at, _ in sorted(pairs, key=lambda pair: pair[0])]
    assert sorted(row.tobytes() for row in seen.hashes) == sorted(bits for _, bits in pairs)


@pytest.mark.parametrize(
    "value", ["", "00", "zz" * RECORD_BYTES, "00" * RECORD_BYTES * (RECORDS_MOST + 1), "ff" * RECORD_BYTES]
)
def test_malformed_records_are_refused_with_their_line(tmp_path, value):
    path = tmp_path / "bank.jsonl"
    path.write_text(f'{{"type":"video","value":"{value}"}}\n')
    with pytest.raises(BankError, match=r"bank\.jsonl:1"):
        list(read(inspect(path)))


def test_records_out_of_order_are_refused(tmp_path):
    late, early = (1000).to_bytes(4, "big").hex() + "00" * 32, (1).to_bytes(4, "big").hex() + "00" * 32
    write_rows([Row(type=HashType.VIDEO, value=late + early)], tmp_path / "bank.jsonl")
    with pytest.raises(BankError, match="order of time"):
        list(read(inspect(tmp_path / "bank.jsonl")))


def test_bars_are_taken_off_and_dark_pictures_left_alone():
    picture = np.asarray(shapes(160, 120, 3)) // 2 + 100
    boxed = np.pad(picture, ((20, 10), (0, 30), (0, 0)))
    assert np.array_equal(without_bars(boxed), picture)
    assert np.array_equal(without_bars(picture), picture)
    for dark in (np.zeros((50, 50, 3), dtype=np.uint8), np.pad(picture[:9], ((60, 60), (0, 0), (0, 0)))):
        assert without_bars(dark).shape == dark.shape

"""A watched folder: only whole files, each once, and nothing of our own."""

from brightline.marking.draft import PREFIX
from brightline.marking.watching import Arrivals, is_being_written


def test_a_file_is_given_once_when_it_has_settled_and_again_when_it_changed(tmp_path):
    arrivals = Arrivals(settle_s=2)
    path = tmp_path / "a.png"
    path.write_bytes(b"1")
    arrivals.see(path, 0.0)
    assert arrivals.whole(1.0) == []
    assert arrivals.whole(2.0) == [path]
    arrivals.see(path, 3.0)
    assert arrivals.whole(9.0) == []
    path.write_bytes(b"22")
    arrivals.see(path, 10.0)
    assert arrivals.whole(12.0) == [path]


def test_a_file_that_grows_without_a_notice_is_waited_for(tmp_path):
    arrivals = Arrivals(settle_s=2)
    path = tmp_path / "a.png"
    path.write_bytes(b"1")
    arrivals.see(path, 0.0)
    path.write_bytes(b"12")
    assert arrivals.whole(2.0) == []
    assert arrivals.whole(4.0) == [path]


def test_a_file_that_somebody_has_open_for_writing_is_not_whole(tmp_path):
    path = tmp_path / "a.png"
    arrivals = Arrivals(settle_s=0.1)
    with path.open("wb") as stream:
        stream.write(b"half")
        stream.flush()
        arrivals.see(path, 0.0)
        assert is_being_written(path)
        assert arrivals.whole(5.0) == []
    assert not is_being_written(path)
    assert arrivals.whole(6.0) == [path]


def test_links_drafts_and_what_is_gone_are_not_waited_for(tmp_path):
    arrivals = Arrivals(settle_s=0)
    own = tmp_path / f"{PREFIX}abc" / "1.png"
    own.parent.mkdir()
    own.write_bytes(b"1")
    link = tmp_path / "link.png"
    link.symlink_to(own)
    gone = tmp_path / "gone.png"
    gone.write_bytes(b"1")
    for path in (own, link, gone):
        arrivals.see(path, 0.0)
    gone.unlink()
    assert arrivals.whole(1.0) == []
    assert arrivals.count == 0

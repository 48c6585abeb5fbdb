"""Coverage-guided fuzzing of the writers of marks.

`fuzzing.py` has the command line. The seeds are the tests' own files, marked and plain. A writer refuses with a
`CarrierError`, or gives a file with exactly one mark that a second writing of it leaves as it is.
"""

from collections.abc import Callable

import atheris
import fuzzing

with atheris.instrument_imports(include=["brightline"]):
    import marks
    from brightline.carriers.candidate import Candidate
    from brightline.carriers.readers import READERS
    from brightline.carriers.writers import WRITERS
    from brightline.carriers.xmp_edit import property_values, set_property
    from brightline.carriers.xmp_mark import AIGC
    from brightline.core.errors import CarrierError
    from brightline.core.subject import Kind

MARK = marks.bare()
CUT = {"mp3:sound", "ogg:end"}  # a last frame or page that is missing is told, and does not keep a mark out
FILES = marks.plain_files() + marks.compliant_files()


def writer(kind: Kind) -> Callable[[bytes], None]:
    """Write a mark into a file of that kind, read it back, write it again."""

    def run(data: bytes) -> None:
        try:
            new = b"".join(WRITERS[kind](memoryview(data), MARK))
        except CarrierError:
            return
        items = [item for item in READERS[kind](memoryview(new)) if item.carrier not in CUT]
        assert [type(item) for item in items] == [Candidate]
        assert b"".join(WRITERS[kind](memoryview(new), MARK)) == new

    return run


def packet(data: bytes) -> None:
    """Set the mark in an XMP packet."""
    try:
        new = set_property(data, AIGC, MARK)
    except CarrierError:
        return
    assert property_values(new, AIGC) == [MARK]


TARGETS: dict[str, fuzzing.Target] = {
    "packet": packet,
    **{kind.value: writer(kind) for kind in WRITERS},
}


def seeds(name: str) -> list[bytes]:
    """Inputs to start from."""
    if name == "packet":
        return [marks.xmp_without_mark(), marks.xmp(MARK), marks.xmp(MARK, form="attribute")]
    return [file.data for file in FILES if file.kind.value == name]


if __name__ == "__main__":
    fuzzing.main(TARGETS, seeds)

"""Every Office file and PDF among the examples and in the installed packages is read, marked and read back."""

import io
import sysconfig
import zipfile
from pathlib import Path

import pypdfium2
import pytest

import marks
from brightline.carriers.candidate import Candidate
from brightline.carriers.readers import READERS
from brightline.carriers.writers import WRITERS
from brightline.core.subject import Kind

ROOT = Path(__file__).parents[2]
KINDS = {".docx": Kind.DOCX, ".xlsx": Kind.XLSX, ".pptx": Kind.PPTX, ".pdf": Kind.PDF}


def corpus() -> list[Path]:
    folders = (ROOT / "examples", Path(sysconfig.get_paths()["purelib"]))
    return [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in KINDS]


def test_there_are_such_files() -> None:
    assert {file.suffix for file in corpus()} == set(KINDS)


@pytest.mark.parametrize("file", corpus(), ids=lambda file: file.name)
def test_it_is_marked_and_opens(file: Path) -> None:
    kind, data = KINDS[file.suffix], file.read_bytes()
    before = list(READERS[kind](memoryview(data)))
    new = marks.bare(marks.fields(PropagateID="seen-again"))
    marked = b"".join(WRITERS[kind](memoryview(data), new))
    (item,) = READERS[kind](memoryview(marked))
    assert isinstance(item, Candidate)
    assert item.text == new
    assert len(before) <= 1
    if kind is Kind.PDF:
        assert marked.startswith(data)
        document = pypdfium2.PdfDocument(marked)
        assert document.get_metadata_value("AIGC") == new
        document.close()
    else:
        assert zipfile.ZipFile(io.BytesIO(marked)).testzip() is None

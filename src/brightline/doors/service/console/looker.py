"""Opens what people look at in a worker process of its own, so that hostile bytes meet no decoder in the service."""

import contextlib
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from brightline.core.finding import Examination, Finding
from brightline.core.preview import Excerpt
from brightline.core.scratch import scratch_folder
from brightline.core.subject import Context, Gap, Media
from brightline.doors.service.console import lens
from brightline.examine.catalogue import Entry
from brightline.examine.messages import Examined, PartPreview, Task
from brightline.examine.pool import Pool
from brightline.settings import Settings

IN_MEMORY_BYTES = 32 * 1024  # larger ones go to the worker through a file, as tasks demand
PARTS_SHOWN = 40  # of one subject: a chat's turns and a mail's attachments fit
_ENTRY = Entry(name=lens.NAME, module=lens.__name__, media=tuple(Media))


class PartText(msgspec.Struct, frozen=True, kw_only=True):
    """What one part says.

    Attributes:
        part: its path.
        excerpts: its text, from the start; whole where `characters` says so.
        characters: length of the whole text.
        headers: name and value of what it says of itself.
        links: where each leads, and the words that a reader sees.
    """

    part: str
    excerpts: tuple[Excerpt, ...] = ()
    characters: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


class Look(msgspec.Struct, frozen=True):
    """What people may look at of one subject; `gaps` say what could not be opened."""

    texts: dict[str, PartText] = {}
    previews: tuple[PartPreview, ...] = ()
    gaps: tuple[Gap, ...] = ()
    error: str = ""


class Looker:
    """One worker, started at the first look; people take turns."""

    def __init__(self, settings: Settings) -> None:
        self._settings = msgspec.structs.replace(settings, jobs=1)
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._number = 0

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            if self._pool is not None:
                self._pool.__exit__(None, None, None)
            self._pool = None

    def look(self, name: str, data: Iterable[bytes]) -> Look:
        """Open a subject and take from it what is shown.

        Raises:
            DetectorError: workers cannot be started.
        """
        with tempfile.TemporaryDirectory(dir=scratch_folder()) as folder, self._lock:
            self._number += 1
            task = _task(self._number, name, data, Path(folder) / "subject")
            done = self._done(task)
        if done is None or done.examination is None:
            return Look(error=done.error if done is not None else "")
        return Look(_texts(done.examination), done.previews, done.examination.gaps)

    def _done(self, task: Task) -> Examined | None:
        if self._pool is None:
            self._pool = Pool(self._settings, (_ENTRY,)).__enter__()
        return next((one for batch in self._pool.run([task]) for one in batch), None)


def _task(number: int, name: str, data: Iterable[bytes], path: Path) -> Task:
    held = bytearray()
    pieces = iter(data)
    for piece in pieces:
        held += piece
        if len(held) > IN_MEMORY_BYTES:
            break
    context = Context(channel="review", time="2000-01-01T00:00:00Z")  # nothing is decided by it
    if len(held) <= IN_MEMORY_BYTES:
        return Task(number=number, context=context, data=bytes(held), name=name, preview=True)
    with path.open("xb") as file:
        file.write(held)
        file.writelines(pieces)
    return Task(number=number, context=context, path=bytes(path), name=name, preview=True)


def _texts(examination: Examination) -> dict[str, PartText]:
    found: dict[str, list[Finding]] = {}
    for finding in examination.findings:
        found.setdefault(finding.part, []).append(finding)
    return {part: _text(part, findings) for part, findings in list(found.items())[:PARTS_SHOWN]}


def _text(part: str, findings: list[Finding]) -> PartText:
    text, characters = "", 0
    headers, links = [], []
    for one in findings:
        match one.claim:
            case lens.TEXT:
                text = one.detail("text")
                with contextlib.suppress(ValueError):
                    characters = int(one.detail("length"))
            case lens.HEADER:
                headers.append((one.detail("name"), one.detail("value")))
            case _:
                links.append((one.detail("target"), one.detail("shown")))
    excerpts = (Excerpt(0, text),) if text else ()
    return PartText(
        part=part,
        excerpts=excerpts,
        characters=characters,
        headers=tuple(headers),
        links=tuple(links),
    )

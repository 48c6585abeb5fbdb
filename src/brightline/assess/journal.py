"""The run's journal: one line an answer, on the disk before the next is asked, so that a kill loses none.

The first line says what was to be asked of whom; a journal of another plan is refused rather than mixed.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from brightline.assess.reply import Came, Reply
from brightline.core.errors import GovernanceError
from brightline.core.wire import canonical

JOURNAL_LIMIT_BYTES = 2 * 1024 * 1024 * 1024  # 100,000 answers of 20,000 characters


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is; two runs with the same one may share a journal.

    Attributes:
        endpoint: address without what is secret.
        model: its name at the endpoint.
        questions: digest over ids and words of what is asked, in order.
        count: how many.
        seed: of the draw.
        temperature: asked for.
        answer_tokens: most tokens of an answer.
        system: digest of the system prompt, or empty.
    """

    endpoint: str
    model: str
    questions: str
    count: int
    seed: int
    temperature: float
    answer_tokens: int
    system: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One question's reply."""

    id: str
    reply: Reply


class Journal:
    """Opened for one run at a time."""

    def __init__(self, stream: BinaryIO, plan: Plan, replies: dict[str, Reply]) -> None:
        self._stream = stream
        self.plan = plan
        self.replies = replies
        self.resumed = len(replies)

    @classmethod
    def open(cls, path: Path, plan: Plan) -> Self:
        """The journal of a plan, with what it has of earlier runs; a torn last line is taken off.

        Raises:
            GovernanceError: it belongs to another plan, is malformed, or somebody else is writing it.
            OSError: it cannot be read or written.
        """
        import fcntl  # only on POSIX, which the package names as its platform

        stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
        try:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise GovernanceError(f"another run is writing `{path.name}`") from error
            return cls(stream, plan, _resumed(stream, plan, path.name))
        except BaseException:
            stream.close()
            raise

    def add(self, name: str, reply: Reply) -> None:
        """Write a reply down, durably."""
        self._stream.write(canonical(Line(id=name, reply=reply)) + b"\n")
        os.fsync(self._stream.fileno())
        self.replies[name] = reply

    def answered(self) -> set[str]:
        """Questions that need not be asked again."""
        return {name for name, reply in self.replies.items() if reply.came is not Came.FAILED}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()


def _resumed(stream: BinaryIO, plan: Plan, name: str) -> dict[str, Reply]:
    size = stream.seek(0, os.SEEK_END)
    if size > JOURNAL_LIMIT_BYTES:
        raise GovernanceError(f"the journal `{name}` is larger than {JOURNAL_LIMIT_BYTES} bytes")
    stream.seek(0)
    data = stream.read(size)
    whole = data.rfind(b"\n") + 1
    stream.truncate(whole)
    stream.seek(whole)
    lines = data[:whole].splitlines()
    if not lines:
        stream.write(canonical(plan) + b"\n")
        os.fsync(stream.fileno())
        return {}
    try:
        known = msgspec.json.decode(lines[0], type=Plan)
        rows = [msgspec.json.decode(line, type=Line) for line in lines[1:]]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise GovernanceError(f"the journal `{name}` is malformed: {error}") from error
    if known != plan:
        differs = [one for one in Plan.__struct_fields__ if getattr(known, one) != getattr(plan, one)]
        raise GovernanceError(
            f"the journal `{name}` is of another run ({', '.join(differs)} differ): choose another --out"
        )
    return {row.id: row.reply for row in rows}

"""Which files a path names: itself, or every regular file below it."""

import os
from collections.abc import Iterator
from pathlib import Path

from brightline.doors.answer import ANSWER_VERSION, Answer


def regular_files(
    path: str, problems: list[Answer], links: list[str], others: list[str] | None = None
) -> Iterator[str]:
    """Regular files at or below a path, in name order; links below it are not followed, so nothing outside is read.

    Args:
        path: a file or folder.
        problems: gets an answer for everything that cannot be read.
        links: gets the links that lead out of the folder, or nowhere; what other links lead to is met anyway.
        others: gets what is no file that can be read to its end: pipes, sockets, devices.
    """
    if not os.path.lexists(path):
        problems.append(_problem(path, "`{}` does not exist"))
    elif Path(path).is_dir():
        top = os.path.realpath(path)
        for folder, folders, files in os.walk(path, onerror=lambda error: problems.append(_denied(error))):
            folders.sort()
            linked = (name for name in folders if os.path.islink(os.path.join(folder, name)))  # noqa: PTH114, PTH118
            for name in sorted([*files, *linked]):
                file = os.path.join(folder, name)  # noqa: PTH118 - a million paths: strings are ten times faster
                if os.path.islink(file):  # noqa: PTH114 - as above
                    links.extend([file] if _leads_out(file, top) else [])
                elif os.path.isfile(file):  # noqa: PTH113 - as above
                    yield file
                elif others is not None and os.path.lexists(file):
                    others.append(file)
    elif Path(path).is_file():
        yield os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - who names a link means it
    else:
        problems.append(_problem(path, "`{}` is neither a file nor a folder"))


def _leads_out(link: str, top: str) -> bool:
    """Whether what a link leads to is not below the folder, where it would be met anyway."""
    target = os.path.realpath(link)
    return not os.path.exists(target) or os.path.commonpath([top, target]) != top  # noqa: PTH110


def _denied(error: OSError) -> Answer:
    return _problem(str(error.filename), "cannot read `{}`: " + str(error.strerror))


def _problem(path: str, why: str) -> Answer:
    shown = shown_path(path)
    return Answer(version=ANSWER_VERSION, name=shown, error=why.replace("{}", shown), complete=False)


def shown_path(path: str) -> str:
    """A path as people may see it: no control characters, no undecodable bytes."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in path.encode("utf-8", "replace").decode("utf-8")
    )

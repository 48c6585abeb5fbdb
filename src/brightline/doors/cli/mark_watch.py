"""`brightline mark watch`: mark each file that is put into a folder, once it is whole."""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import click
import watchfiles

from brightline.doors.answer import Answer
from brightline.doors.cli.mark_jobs import MarkJob, lies_in, mark_all, mark_files
from brightline.doors.cli.mark_options import MarkTally, order_of, order_options
from brightline.doors.cli.mark_show import MarkShow
from brightline.doors.cli.mark_write import count, unread
from brightline.doors.cli.options import read_settings, settings_options
from brightline.marking.order import Order
from brightline.marking.watching import Arrivals
from brightline.settings import Settings

_TICK_MS = 500  # how often waiting files are looked at when the system gives no notice
RESCAN_S = 300.0  # the whole folder is walked again, since notices can be lost when very many come at once


@click.command(name="watch")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Folder for the marked files.")  # fmt: skip
@click.option("--settle", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True,
              help="Seconds without a change after which a file counts as whole.")  # fmt: skip
@click.option("--once", is_flag=True, help="Mark what is there, and end.")
@order_options
@click.option("--json", "as_json", is_flag=True, help="Answers as JSON Lines on standard output.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Worker processes [default: one for each core].")
@click.option("--quiet", is_flag=True, help="Only what was refused or failed.")
@settings_options
def watch(
    folder: Path,
    out: Path,
    settle: float,
    jobs: int | None,
    settings_file: Path | None,
    home: Path | None,
    language: str | None,
    *,
    once: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Mark every file that comes into FOLDER, to its own place below OUT.

    A file is taken when it has not changed for a while and nobody has it open for writing. Start it again and it
    resumes: what is marked already is not marked again. What it wrote itself is never taken.
    """
    settings = read_settings(settings_file, home=home, language=language, jobs=jobs)
    order = order_of(settings, options)
    _check_places(folder, out)
    out.mkdir(parents=True, exist_ok=True)
    tally = MarkTally()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    signal.signal(signal.SIGIO, signal.SIG_IGN)  # of leases, see `watching.is_being_written`
    with MarkShow(language=settings.language, quiet=quiet, as_json=as_json) as show:
        watcher = _Watcher(folder, out, order, settings, show, tally, settle)
        if once:
            watcher.sweep(stop)
        else:
            watcher.follow(stop)
        show.finish()
    return tally.exit


def _check_places(folder: Path, out: Path) -> None:
    """Refuse a target that would be watched itself, and so marked for ever."""
    if os.path.realpath(folder) == os.path.realpath(out):
        raise click.UsageError("-o is the watched folder itself; name another one")
    if lies_in(folder, out):
        raise click.UsageError("the watched folder lies in -o; name a folder beside it")


class _Watcher:
    """Turns notices and walks into marked files."""

    def __init__(
        self,
        folder: Path,
        out: Path,
        order: Order,
        settings: Settings,
        show: MarkShow,
        tally: MarkTally,
        settle_s: float,
    ) -> None:
        self._folder, self._out, self._order, self._settings = folder, out, order, settings
        self._show, self._tally = show, tally
        self._arrivals = Arrivals(settle_s)
        self._told: set[str] = set()

    def sweep(self, stop: threading.Event) -> None:
        """Mark what is there now."""
        self._walk()
        while self._arrivals.count and not stop.is_set():
            self._mark_whole()
            time.sleep(_TICK_MS / 1000)

    def follow(self, stop: threading.Event) -> None:
        """Mark what is there and whatever comes, until stopped."""
        self._show.tell(
            f"watching `{self._folder}`; stop with Ctrl-C", f"正在监视 `{self._folder}`，按 Ctrl-C 停止"
        )
        walked = float("-inf")
        notices = watchfiles.watch(
            self._folder, stop_event=stop, rust_timeout=_TICK_MS, yield_on_timeout=True, raise_interrupt=False
        )
        for changes in notices:  # the first comes when the system has begun to watch: then nothing is missed
            now = time.monotonic()
            if now - walked > RESCAN_S:
                self._walk()
                walked = now
            for _, name in sorted(changes):
                self._see(Path(name), now)
            self._mark_whole()

    def _walk(self) -> None:
        problems: list[Answer] = []
        now = time.monotonic()
        for file in mark_files(str(self._folder), problems):
            self._see(Path(file), now)
        for problem in problems:
            if problem.name not in self._told:  # a walk every few minutes would say it again and again
                self._told.add(problem.name)
                self._tally.failed = True
                self._show.see(unread(problem))

    def _see(self, path: Path, now: float) -> None:
        if lies_in(path, self._out):
            return
        try:
            self._arrivals.see(path, now)
        except OSError:  # it is gone again
            return

    def _mark_whole(self) -> None:
        ready = self._arrivals.whole(time.monotonic())
        if not ready:
            return
        jobs = [self._job(path) for path in ready]
        for reply in mark_all(jobs, self._settings):
            count(reply.answer, self._tally)
            self._show.see(reply.answer)

    def _job(self, path: Path) -> MarkJob:
        """One file, to its own place below the target folder."""
        target = self._out / path.resolve().relative_to(self._folder.resolve())
        target.parent.mkdir(parents=True, exist_ok=True)
        return MarkJob(source=path, target=target, order=self._order, settings=self._settings)

"""What `speech.generated` costs: CPU seconds for a second of sound, and the memory of a 60-minute file.

Each file is heard by a process of its own, whose memory is looked at once the networks are open and again at the end. The sound is the data folder's real speech, one clip after another: every second has to be judged. Decoding, voice activity,
features and network all count; one core. The long file is an MP3 that is written to disk and heard twice: at places, as the
default limits have it, and as a whole under limits that allow it.
"""

import argparse
import contextlib
import re
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import av
import numpy as np

from brightline.core.errors import DetectorError
from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.detectors.audio.spoof import judged
from brightline.detectors.audio.spoof_model import shipped
from brightline.media.audio import RATE_HZ, audio_blocks
from brightline.settings import Limits

TARGET = 0.02  # CPU seconds a second of sound
MINUTES = 60
WHOLE = Limits(detector_seconds=600.0)
KINDS = {".mp3": Kind.MP3, ".wav": Kind.WAV, ".flac": Kind.FLAC, ".ogg": Kind.OGG}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    options = parser.parse_args()
    files = sorted((options.data / "speech" / "cc0").glob("*.flac"))
    sound = np.concatenate([np.concatenate([*audio_blocks(subject(file))]) for file in files])
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds in (("five-minutes.mp3", 300), ("long.mp3", options.minutes * 60)):
            path = Path(folder) / name
            write(path, sound, seconds)
            print(f"{name}: {seconds} s, {path.stat().st_size / 2**20:.1f} MiB")
            in_a_process_of_its_own("  whole", path, files[0], WHOLE)
        in_a_process_of_its_own("  default limits", path, files[0], Limits())


def in_a_process_of_its_own(name: str, path: Path, first: Path, limits: Limits) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(show, name, path, first, limits).result()


def show(name: str, path: Path, first: Path, limits: Limits) -> None:
    judge(subject(first), WHOLE)  # opens the networks
    held = subject(path)
    before = peak_mib()
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    finding = judge(held, limits)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    after = peak_mib()
    heard = float(finding.detail("heard_s"))
    print(
        f"{name}: {heard:.0f} s heard, {cpu_s / heard:.4f} CPU s a second of sound (target {TARGET:g}), {cpu_s:.1f} CPU s and "
        f"{wall_s:.1f} s in all, peak memory {before:.0f} MiB with the networks open, {after:.0f} at the end; {finding.detail('verdict')}",
        flush=True,
    )


def peak_mib() -> float:
    """VmHWM; `ru_maxrss` would still tell of the process that started this one."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    return int(kilobytes) / 1024


def judge(held: Subject, limits: Limits) -> Finding:
    found: list[Finding] = []
    with contextlib.suppress(DetectorError):
        for finding in judged(held, shipped(), limits):
            found.append(finding)  # noqa: PERF402 - kept when the next step raises
    return found[0]


def subject(path: Path) -> Subject:
    blob = Blob(path=path)
    context = Context(time="2026-11-23T12:00:00Z")
    return Subject(digest="0" * 64, size_bytes=blob.size, kind=KINDS[path.suffix], context=context, blob=blob)


def write(path: Path, sound: np.ndarray, seconds: int) -> None:
    """An MP3 of 44.1 kHz, 64 kbit/s, written piece by piece."""
    with av.open(str(path), "w", format="mp3") as file:
        stream = file.add_stream("libmp3lame", rate=44_100, layout="mono")
        stream.bit_rate = 64_000
        context = stream.codec_context
        resampler = av.AudioResampler(context.format, "mono", 44_100, context.frame_size or 1152)
        left = seconds * RATE_HZ
        while left > 0:
            frame = av.AudioFrame.from_ndarray((sound[:left] * 32767).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate = RATE_HZ
            for piece in resampler.resample(frame):
                file.mux(stream.encode(piece))
            left -= len(sound)
        for piece in resampler.resample(None):
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))


if __name__ == "__main__":
    main()

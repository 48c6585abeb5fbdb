"""Survival of the watermark in sound, and its false alarms: the section of docs/reference/watermarks.md.

Speech comes from the data folder (real voices under CC0 and demo pages, synthetic voices of 59 systems); clips of one
folder are joined into stretches of 10 and 30 s. Codecs are FFmpeg's, through PyAV.
"""

import io
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy import signal

from brightline.watermark.keyring import Key
from brightline.watermark.sound import RATE_HZ, STRENGTH_DB, THRESHOLD, Samples, detect, embed

STRETCHES = 40
STRENGTHS = (STRENGTH_DB, 2.0)
CHANCE_KEYS = 20
Sound = tuple[Samples, int]


def key(name: str) -> Key:
    """A key that is the same in each run."""
    return Key(id=name, secret=name.encode().ljust(32, b"."), created="2026-11-23T12:00:00Z")


def section(data: Path) -> str:
    """The Markdown section."""
    clips = [
        read(path)
        for folder in ("real", "cc0", "synthetic")
        for path in sorted((data / "speech" / folder).iterdir())
    ]
    lines = [
        "## Sound",
        "",
        (
            f"Speech at 16 kHz; {STRETCHES} stretches of each length; threshold p < {THRESHOLD:g}. Found / payload of 16 bits right, in "
            "per cent. A payload that is read is never wrong unless the last column says so."
        ),
        "",
        "| what happens to it | "
        + " | ".join(f"{s} s at {db} dB" for s in (10, 30) for db in STRENGTHS)
        + " | wrong payloads |",
        "|---|" + "---|" * (2 * len(STRENGTHS) + 1),
    ]
    marked = {(s, db): marked_stretches(clips, s, db) for s in (10, 30) for db in STRENGTHS}
    for name, happen in ATTACKS.items():
        cells, wrong = [], 0
        for stretches in marked.values():
            found = [
                (detect(*happen((sound, RATE_HZ)), [key("bench")]), payload)
                for _, sound, payload in stretches
            ]
            there = sum(one is not None for one, _ in found)
            right = sum(one is not None and one.payload == payload for one, payload in found)
            wrong += sum(one is not None and one.payload not in (None, payload) for one, payload in found)
            cells.append(f"{100 * there / len(found):.0f} / {100 * right / len(found):.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} | {wrong} |")
    for (seconds, db), stretches in marked.items():
        if seconds == 10:
            ratios = [10 * math.log10(float((a**2).sum() / ((b - a) ** 2).sum())) for a, b, _ in stretches]
            lines += [
                "",
                f"At {db} dB the mark lies {np.mean(ratios):.1f} dB under the sound (mean of {len(ratios)}).",
            ]
    tried, alarms = false_alarms(clips)
    upper = 3 / tried if not alarms else float("nan")
    lines += [
        "",
        f"False alarms: {alarms} of {tried:,} (clip, key) pairs over {len(clips):,} unmarked clips"
        + (f"; upper 95 % bound {upper:.1e}." if not alarms else "."),
        "",
    ]
    return "\n".join(lines)


def read(path: Path) -> Samples:
    """A clip at 16 kHz, mono."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", RATE_HZ)
        pieces = [p.to_ndarray()[0] for frame in container.decode(audio=0) for p in resampler.resample(frame)]
    return np.concatenate(pieces)


def marked_stretches(clips: list[Samples], seconds: int, db: float) -> list[tuple[Samples, Samples, int]]:
    """(before, after, payload) of stretches cut from the joined clips, taken evenly from all of them."""
    joined = np.concatenate(clips)
    size = seconds * RATE_HZ
    starts = np.linspace(0, len(joined) - size, STRETCHES).astype(int)
    out = []
    for number, start in enumerate(starts):
        sound = joined[start : start + size]
        payload = number * 7919 % 65536
        out.append((sound, embed(sound, RATE_HZ, key("bench"), payload, strength_db=db), payload))
    return out


def false_alarms(clips: list[Samples]) -> tuple[int, int]:
    """(pairs tried, alarms): every clip of three seconds or more with twenty keys, one at a time."""
    keys = [key(f"chance {number}".replace(" ", "-")) for number in range(CHANCE_KEYS)]
    usable = [clip for clip in clips if len(clip) >= 3 * RATE_HZ]
    # All keys in one call are corrected for their number: the threshold is loosened by as much, to try each by itself.
    alarms = sum(
        detect(clip, RATE_HZ, keys, threshold=THRESHOLD * CHANCE_KEYS) is not None for clip in usable
    )
    return len(usable) * CHANCE_KEYS, alarms


def through(codec: str, container: str, bit_rate: int, rate: int) -> Callable[[Sound], Sound]:
    """Encode and decode."""

    def happen(sound: Sound) -> Sound:
        stream = io.BytesIO()
        with av.open(stream, "w", format=container) as out:
            track = out.add_stream(codec, rate=rate, layout="mono")
            track.bit_rate = bit_rate
            context = track.codec_context
            resampler = av.AudioResampler(
                context.format or "fltp", "mono", rate, frame_size=context.frame_size or None
            )
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[0][None]), "fltp", "mono")
            frame.rate, frame.pts, frame.time_base = sound[1], 0, Fraction(1, sound[1])
            for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
                out.mux(track.encode(piece))
        stream.seek(0)
        with av.open(stream) as back:
            mono = av.AudioResampler("flt", "mono", RATE_HZ)
            pieces = [p.to_ndarray()[0] for one in back.decode(audio=0) for p in mono.resample(one)]
        return np.concatenate(pieces), RATE_HZ

    return happen


def noisy(decibels: float) -> Callable[[Sound], Sound]:
    """White noise so far under the sound."""

    def happen(sound: Sound) -> Sound:
        noise = np.random.default_rng(1).normal(0, sound[0].std() * 10 ** (-decibels / 20), len(sound[0]))
        return (sound[0] + noise).astype(np.float32), sound[1]

    return happen


def in_a_room(sound: Sound) -> Sound:
    """A decaying tail of echoes, half of the energy in it."""
    time = np.arange(int(0.3 * sound[1]))
    echoes: NDArray[np.float64] = np.random.default_rng(2).normal(0, 1, len(time)) * np.exp(
        -time / (0.06 * sound[1])
    )
    echoes /= np.sqrt((echoes**2).sum())
    echoes[0] += 1
    return signal.fftconvolve(sound[0], echoes)[: len(sound[0])].astype(np.float32), sound[1]


ATTACKS: dict[str, Callable[[Sound], Sound]] = {
    "nothing": lambda sound: sound,
    "MP3 128 kbit/s": through("libmp3lame", "mp3", 128_000, 44_100),
    "MP3 64 kbit/s": through("libmp3lame", "mp3", 64_000, 44_100),
    "MP3 32 kbit/s, 16 kHz": through("libmp3lame", "mp3", 32_000, 16_000),
    "AAC 64 kbit/s": through("aac", "mp4", 64_000, 44_100),
    "Opus 24 kbit/s": through("libopus", "ogg", 24_000, 48_000),
    "Opus 12 kbit/s": through("libopus", "ogg", 12_000, 48_000),
    "8 kHz": lambda sound: (signal.resample_poly(sound[0], 1, 2).astype(np.float32), 8_000),
    "telephone, 8 kHz mu-law": through("pcm_mulaw", "wav", 64_000, 8_000),
    "first 0.7 s cut off": lambda sound: (sound[0][11_397:], sound[1]),
    "half of it": lambda sound: (sound[0][: len(sound[0]) // 2], sound[1]),
    "noise 30 dB under it": noisy(30),
    "noise 20 dB under it": noisy(20),
    "a room with echo": in_a_room,
    "0.5 % faster": lambda sound: (signal.resample_poly(sound[0], 199, 200).astype(np.float32), sound[1]),
}

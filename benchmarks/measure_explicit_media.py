"""How often the checkers of explicit marks raise a false alarm on real pictures and speech, and how often they find ours.

    python benchmarks/measure_explicit_media.py FOLDER [--step N]

FOLDER holds `images/real/**` and `speech/real/**`; every N-th file is taken. Each picture is tried as it is (any mark
found is a false alarm, but look at it: some do carry words), and with our mark after JPEG at quality 50 and a resize to
half. Intervals are Wilson's at 95 %.
"""

import argparse
import hashlib
import io
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from brightline.core.errors import BrightlineError
from brightline.core.finding import Finding
from brightline.core.subject import Blob, Context, Kind, Subject
from brightline.marking.explicit.audio import label_audio
from brightline.marking.explicit.image import label_image
from brightline.marking.explicit.style import Language, Style, Voice
from brightline.provenance import explicit_audio, explicit_image

CONTEXT = Context(time="2026-11-23T00:00:00Z")
KINDS = {
    ".jpg": Kind.JPEG,
    ".jpeg": Kind.JPEG,
    ".png": Kind.PNG,
    ".webp": Kind.WEBP,
    ".flac": Kind.FLAC,
    ".wav": Kind.WAV,
}
Detect = Callable[[Subject], Iterator[Finding]]


class Tally:
    """Counts of verdicts of one trial, and its CPU time."""

    def __init__(self, name: str, detect: Detect) -> None:
        self.name, self.detect = name, detect
        self.counts: Counter[str] = Counter()
        self.seconds: list[float] = []

    def take(self, data: bytes, kind: Kind, shown: str) -> None:
        """Try the detector on one file; name false alarms."""
        subject = Subject(
            digest=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            kind=kind,
            context=CONTEXT,
            blob=Blob(data),
        )
        start = time.process_time()
        finding = next(iter(self.detect(subject)))
        self.seconds.append(time.process_time() - start)
        verdict = finding.detail("verdict")
        self.counts[verdict] += 1
        self.counts[finding.detail("compliance")] += verdict == "found"
        if verdict == "found" and self.name.startswith("real"):
            print(f"  {shown}: {finding.why.en}")

    def show(self) -> None:
        """Print shares with their intervals, and CPU time."""
        total = len(self.seconds)
        if total:
            cpu = sorted(self.seconds)
            print(
                f"{self.name}: found {_share(self.counts['found'], total)}, compliant {_share(self.counts['compliant'], total)}"
                f"; CPU mean {1000 * sum(cpu) / total:.0f} ms, 99 % under {1000 * cpu[int(0.99 * (total - 1))]:.0f} ms"
            )


def _share(count: int, total: int) -> str:
    z, p = 1.96, count / total
    middle, spread = p + z * z / (2 * total), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low, high = ((middle + sign * spread) / (1 + z * z / total) for sign in (-1, 1))
    return f"{count}/{total} = {p:.2%} [{low:.2%}, {high:.2%}]"


def pictures(files: list[Path]) -> None:
    plain = Tally("real pictures", explicit_image.detect)
    ours = Tally("ours", explicit_image.detect)
    worn = Tally("ours, half size and JPEG q50", explicit_image.detect)
    refused = 0
    for file in files:
        data, kind = file.read_bytes(), KINDS[file.suffix]
        plain.take(data, kind, str(file))
        try:
            marked = label_image(data, kind, Style(language=Language.ZH))
        except BrightlineError:
            refused += 1
            continue
        ours.take(marked, kind, str(file))
        image = Image.open(io.BytesIO(marked)).convert("RGB")
        small = io.BytesIO()
        image.resize((image.width // 2, image.height // 2)).save(small, "JPEG", quality=50)
        worn.take(small.getvalue(), Kind.JPEG, str(file))
    for tally in (plain, ours, worn):
        tally.show()
    print(f"refused: {refused}")


def speech(files: list[Path], folder: Path) -> None:
    plain = Tally("real speech", explicit_audio.detect)
    trials = {voice: Tally(f"ours, {voice.value}", explicit_audio.detect) for voice in Voice}
    target = folder / "marked"
    for number, file in enumerate(files):
        kind = KINDS[file.suffix]
        plain.take(file.read_bytes(), kind, str(file))
        if number % 8 == 0:
            for voice, tally in trials.items():
                label_audio(file, target, kind, Style(voice=voice))
                tally.take(target.read_bytes(), kind, str(file))
    for tally in (plain, *trials.values()):
        tally.show()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--step", type=int, default=1)
    asked = parser.parse_args()
    for name in ("speech", "images"):
        files = [one for one in sorted((asked.folder / name / "real").rglob("*")) if one.suffix in KINDS]
        with tempfile.TemporaryDirectory() as folder:
            chosen = files[:: asked.step]
            if name == "speech":
                speech(chosen, Path(folder))
            else:
                pictures(chosen)


if __name__ == "__main__":
    main()

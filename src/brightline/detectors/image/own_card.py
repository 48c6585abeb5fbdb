"""The card of a model that the operator owns: what it takes, what it gives, what its numbers mean.

A model without a licence, a digest or a calibration is refused: nobody could say what its number is worth.
"""

import hashlib
import re
import tomllib
from math import isfinite
from pathlib import Path
from typing import Literal

import msgspec

from brightline.core.errors import DetectorError
from brightline.core.harm import Harm
from brightline.core.words import Words

CARD_BYTES = 64 * 1024  # written by hand
SIDE_MOST = 1024  # pixels of an input's side: 12 MB of float32
CLAIMS = ("synthetic.image", "manipulated.region", "manipulated.face", "recaptured.image")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network takes: (value / `scale` - `mean`) / `std` of each channel.

    Attributes:
        width: in pixels.
        height: likewise.
        fit: `crop` takes the middle without scaling, mirrored where the picture is smaller; `shrink` scales the
            shorter side, then takes the middle; `squash` scales both sides.
        colours: order of the channels.
        layout: channels first or last.
        scale: what the values 0 to 255 are divided by.
        mean: for each channel, in the order of `colours`.
        std: likewise.
    """

    width: int
    height: int
    fit: Literal["crop", "shrink", "squash"]
    colours: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    scale: float = 255.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        """Refuse sizes without bounds, and divisions by nothing."""
        if not (1 <= self.width <= SIDE_MOST and 1 <= self.height <= SIDE_MOST):
            raise ValueError(f"input is {self.width} x {self.height}, expected 1 to {SIDE_MOST}")
        numbers = (self.scale, *self.mean, *self.std)
        if not all(isfinite(one) for one in numbers) or 0.0 in (self.scale, *self.std):
            raise ValueError("`scale` and `std` must not be 0, and all numbers finite")


class Output(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network gives.

    Attributes:
        name: of the output; empty is the first.
        form: `logit` one number, any; `probability` one number in [0, 1]; `classes` a score for each class, of which
            `index` is made log odds against all others.
        index: of the number or class that speaks for the claim.
    """

    name: str = ""
    form: Literal["logit", "probability", "classes"]
    index: int = 0


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From the network's log odds to calibrated ones, at equal priors.

    Attributes:
        slope: of the network's log odds.
        offset: log odds where the network gives 0.
        likely: probability from which on the verdict is `likely`.
        measured: on what these were measured, in words.
    """

    slope: float
    offset: float
    likely: float
    measured: str

    def __post_init__(self) -> None:
        """Refuse what is no calibration."""
        if not (isfinite(self.slope + self.offset) and 0.0 < self.likely < 1.0 and self.measured.strip()):
            raise ValueError("calibration needs finite numbers, 0 < `likely` < 1 and `measured` in words")


class OwnCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model.

    Attributes:
        name: how findings call it, lower case.
        model: its file, in the card's folder.
        sha256: of that file, 64 hex digits.
        claim: what a high number claims, one of `CLAIMS`.
        harm: what it warns of from `likely` on; without one the claim is only informative.
        licence: under which it is used.
        purpose: in both languages.
        input: what it takes.
        output: what it gives.
        calibration: what the number means.
    """

    name: str
    model: str
    sha256: str
    claim: Literal["synthetic.image", "manipulated.region", "manipulated.face", "recaptured.image"]
    harm: Harm | None = None
    licence: str
    purpose: Words
    input: Input
    output: Output
    calibration: Calibration

    def __post_init__(self) -> None:
        """Refuse names that lead elsewhere, and what is left empty."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name `{self.name[:60]}` is not of 1 to 40 lower-case letters, digits, `.`, `_` and `-`"
            )
        if not _FILE.fullmatch(self.model):
            raise ValueError(f"model `{self.model[:60]}` is no plain file name in the card's folder")
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("`sha256` is not of 64 hex digits")
        if not (self.licence.strip() and self.purpose.en.strip() and self.purpose.zh.strip()):
            raise ValueError("`licence` and `purpose` must not be empty")


def read_card(path: Path) -> OwnCard:
    """Read a card.

    Raises:
        DetectorError: it cannot be read, or says too little or too much.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(CARD_BYTES + 1)
        if len(data) > CARD_BYTES:
            raise DetectorError(f"card `{path}` is larger than {CARD_BYTES // 1024} KiB")
        return msgspec.convert(tomllib.loads(data.decode("utf-8")), OwnCard)
    except OSError as error:
        raise DetectorError(f"card `{path}` cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of UTF-8, TOML and msgspec
        raise DetectorError(f"card `{path}`: {' '.join(str(error).split())[:200]}") from error


def read_model(card: OwnCard, folder: Path, most: int) -> bytes:
    """The model's bytes, if they are those that the card names.

    Raises:
        DetectorError: the file cannot be read, has more than `most` bytes or another digest.
    """
    path = folder / card.model
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise DetectorError(f"model `{card.name}` cannot be read: {error.strerror}") from error
    if len(data) > most:
        raise DetectorError(f"model `{card.name}` has more than {most} bytes")
    if hashlib.sha256(data).hexdigest() != card.sha256:
        raise DetectorError(f"model `{card.name}` is not the one that its card names by SHA-256")
    return data

"""The pictures that the image models learn from and are measured on, one record a picture.

Real: `bsds`, `ffhq1024`, `imagenet`, `pets` of the data folder, and native crops of photographs that Debian packages
carry (`lomiri`: camera originals of 2010-2020; `mate`: nature photographs); of photographs that web templates in npm
packages carry, `portraits` (faces and people, by the face finder of the run time) and `templates` (scenes, rooms, things):
`webphotos.tsv` names each square. `drawn` are real drawings and renderings from the same packages: they keep a model
from learning "drawing = generated" and stand in no false-positive table.
Generated: eleven families. `photolike.txt` says which pictures of the web family look like photographs (by eye).
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
SIDE = 288  # px, crops from wallpapers, as the data folder's own crops
QUALITY = 93  # JPEG, as the data folder's pictures were saved
PHOTOS = {  # file name -> source; all else in the packages is a drawing or left out
    **dict.fromkeys(
        ["Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Kleiber_by_Lukas_Baubkus", "Picture_0B_by_freespace",
         "Picture_1A_by_freespace", "Wine_by_Jakkub", "aitzgorri_by_Aitzol_Berasategi", "free_by_Peter_Nerlich",
         "friends_by_Aitzol_Berasategi", "greentock_by_Peter_Nerlich", "life_by_Aitzol_Berasategi",
         "picosdeeuropa_by_Aitzol_Berasategi", "seeding_by_Clements_Engelhardt", "sunset_by_Aitzol_Berasategi"], "lomiri"),
    **dict.fromkeys(
        ["Aqua", "Blinds", "Dune", "FreshFlower", "Garden", "GreenMeadow", "LadyBird", "RainDrops", "Storm", "TwoWings",
         "Wood", "YellowFlower"], "mate"),
    **dict.fromkeys(
        ["2004default", "Painting-Colors_by__herobrine7gamer", "calla", "city", "desert", "firstgeneration",
         "fluent-color", "adwaita-d", "adwaita-l", "grid-d", "licorice-d", "licorice-l", "pixels-l", "truchet-d", "wood-l",
         "goldfish", "Elephants", "Float-into-MATE", "rhythm", "rollpaper", "string", "the-mouse"], "drawn"),
}  # fmt: skip
CROPS = {"lomiri": 16, "mate": 14, "drawn": 8}  # a picture
FLAT = 3.0  # grey levels of spread under which a wallpaper's crop shows nothing


class Picture(NamedTuple):
    """One picture, upright, as it was decoded."""

    name: str
    source: str
    truth: int  # 1: generated
    photo: bool  # looks like a photograph
    pixels: np.ndarray  # (height, width, 3) uint8 sRGB


def pictures(data: Path, packages: Path | None) -> list[Picture]:
    """All pictures, in the manifest's order; then wallpapers, then those of web templates."""
    photolike = set((HERE / "photolike.txt").read_text("utf-8").split())
    with (data / "images" / "manifest.tsv").open(encoding="utf-8") as manifest:
        found = [_listed(data / "images", row, photolike) for row in csv.DictReader(manifest, delimiter="\t")]
    return found + (_wallpapers(packages / "usr") + _web(packages / "npm") if packages else [])


def _listed(folder: Path, row: dict[str, str], photolike: set[str]) -> Picture:
    pixels = np.array(Image.open(folder / row["path"]).convert("RGB"))
    height, width = pixels.shape[0] // 8 * 8, pixels.shape[1] // 8 * 8  # the autoencoder's grid
    truth = int(row["truth"])
    photo = not truth or row["source"] == "stylegan2_1024" or row["path"] in photolike
    return Picture(row["path"], row["source"], truth, photo, pixels[:height, :width])


def _web(folder: Path) -> list[Picture]:
    """Squares of the web templates' photographs that are there; shrunk where the list gives a smaller size, as sites do."""
    with (HERE / "webphotos.tsv").open(encoding="utf-8") as listed:
        rows = csv.DictReader(listed, delimiter="\t")
        return [_square(folder, row) for row in rows if (folder / row["file"]).is_file()]


def _square(folder: Path, row: dict[str, str]) -> Picture:
    left, top, side, size = (int(row[key]) for key in ("left", "top", "side", "size"))
    with Image.open(folder / row["file"]) as opened:
        shown = opened.convert("RGB").crop((left, top, left + side, top + side))
    shown = shown if size == side else shown.resize((size, size), Image.Resampling.LANCZOS)
    kept = size // 8 * 8
    name = f"{row['file']}@{left},{top},{side}"
    return Picture(name, row["source"], 0, row["source"] != "drawn", np.array(shown)[:kept, :kept])


def _wallpapers(folder: Path) -> list[Picture]:
    Image.MAX_IMAGE_PIXELS = None
    draw = np.random.default_rng(5)
    found = []
    for path in sorted(folder.rglob("*")):
        source = PHOTOS.get(path.stem) or PHOTOS.get(path.stem.rpartition("_")[0])
        if source and path.suffix in {".jpg", ".png", ".webp"}:
            whole = np.array(Image.open(path).convert("RGB"))
            for number in range(CROPS[source]):
                top, left = (int(draw.integers(0, (side - SIDE) // 8)) * 8 for side in whole.shape[:2])
                crop = whole[top : top + SIDE, left : left + SIDE]
                if crop.std() > FLAT:
                    found.append(Picture(f"{path.stem}/{number}", source, 0, source != "drawn", crop))
    return found

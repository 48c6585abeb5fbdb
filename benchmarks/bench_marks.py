"""How watermarks survive, and how seldom they are seen where there is none: docs/reference/watermarks.md.

python benchmarks/bench_marks.py --data FOLDER [--only pictures]      # `make bench-marks`
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import watermark_image
import watermark_peer
import watermark_sound
import watermark_text

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "watermarks.md"
SECTIONS: dict[str, Callable[[Path], str]] = {
    "pictures": watermark_image.section,
    "chance": watermark_image.false_alarms,
    "peers": watermark_peer.section,
    "sound": watermark_sound.section,
    "words": watermark_text.section,
}
HEAD = """\
# Watermarks, measured

This page is written by `benchmarks/bench_marks.py`; run `make bench-marks` to measure again. Seeds are fixed. Where the
folder of pictures, speech and texts that we measure on is not at hand, the rows that need it are left out.

A watermark tells whoever holds the key that their own system made something. It is the second layer under signed
metadata, and no defence against whoever sets out to destroy it. Brightline writes and reads marks; it removes none.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/, speech/ and text/")
    parser.add_argument(
        "--only", choices=[*SECTIONS], help="measure one section, keep the others as they are"
    )
    arguments = parser.parse_args()
    for name, section in SECTIONS.items():
        if name == "peers" and not watermark_peer.installed():
            continue  # what was measured stays
        if arguments.only in {None, name}:
            measured = section(arguments.data).strip()
            written = sections(PAGE.read_text("utf-8")) if PAGE.is_file() else {}
            PAGE.write_text(page(written | {name: measured}), "utf-8")
            print(f"{name}: measured")


def page(written: dict[str, str]) -> str:
    """The whole page."""
    parts = [f"<!-- {name} -->\n{written[name]}\n<!-- end -->\n" for name in SECTIONS if name in written]
    return "\n".join([HEAD, *parts])


def sections(text: str) -> dict[str, str]:
    """The sections of a page that was written before."""
    found = re.finditer(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    return {match[1]: match[2] for match in found}


if __name__ == "__main__":
    main()

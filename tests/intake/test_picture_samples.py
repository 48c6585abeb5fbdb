"""A sound picture of samples that nobody here decodes is unsupported, and not called broken."""

from pathlib import Path

import skimage
from intake_parts import opened

from brightline.core.subject import GapKind, Kind


def test_a_tiff_of_three_floats_of_64_bits_is_unsupported_and_not_broken() -> None:
    subject = opened((Path(skimage.__file__).parent / "data" / "multipage_rgb.tif").read_bytes())
    assert subject.kind is Kind.TIFF
    assert [gap.kind for gap in subject.gaps] == [GapKind.UNSUPPORTED]

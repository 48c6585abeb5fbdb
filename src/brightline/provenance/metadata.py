"""The named properties that a file carries about itself, whatever its format: what generators leave their traces in.

Pixels and samples are never decoded. Names are `<home>.<key>`: `png.parameters`, `exif.Software`, `xmp.CreatorTool`,
`iim.credit`, `jpeg.comment`, `media.comment`.
"""

from collections.abc import Iterator

from brightline.core.errors import DetectorError
from brightline.core.subject import Blob, Kind
from brightline.provenance.property import VALUE_LIMIT, Property

PROPERTY_LIMIT = 2_000  # properties of one file; rich newspaper metadata has 200


def properties_of(blob: Blob, kind: Kind) -> Iterator[Property]:
    """Properties of a picture or recording, in the file's order.

    Args:
        blob: the file.
        kind: what it is, from its bytes.

    Raises:
        DetectorError: the file is broken where its metadata would be, or has more than a limit allows;
            everything that was read before has been given.
    """
    for count, found in enumerate(_read(blob, kind)):
        if count >= PROPERTY_LIMIT:
            raise DetectorError(f"more than {PROPERTY_LIMIT} properties; the rest was not read")
        if len(found.value) > VALUE_LIMIT:
            raise DetectorError(f"`{found.name}` is longer than {VALUE_LIMIT} characters; it was not read")
        if found.value:
            yield found


def _read(blob: Blob, kind: Kind) -> Iterator[Property]:
    # Imported here: a text subject should not pay for Pillow and FFmpeg.
    if kind is Kind.PNG:
        from brightline.provenance.metadata_png import read_png

        return read_png(blob.view())
    if kind in _PICTURES:
        from brightline.provenance.metadata_image import read_image

        return read_image(blob, kind)
    from brightline.provenance.metadata_media import read_media

    return read_media(blob, kind)


_PICTURES = frozenset({Kind.JPEG, Kind.WEBP, Kind.GIF, Kind.TIFF, Kind.HEIF, Kind.AVIF})

"""Tags of sound and video files, through FFmpeg's demuxers, without decoding a frame.

The demuxer is named, never guessed: formats that refer to other files or addresses (playlists) are never tried.
"""

from collections.abc import Iterator

import av

from brightline.core.errors import DetectorError
from brightline.core.subject import Blob, Kind
from brightline.media.demuxers import DEMUXERS
from brightline.provenance.metadata_xmp import read_xmp
from brightline.provenance.property import Property

# Tags stand in the header: look at 64 kB and no time of samples.
_OPTIONS = {"probesize": "65536", "analyzeduration": "0", "fflags": "nobuffer"}


def read_media(blob: Blob, kind: Kind) -> Iterator[Property]:
    """Properties `media.<key>` of the file and of its streams, keys in lower case; those of its XMP as `xmp.<name>`.

    Raises:
        DetectorError: the file cannot be opened by its demuxer, or its XMP cannot be read.
    """
    demuxer = DEMUXERS.get(kind)
    if demuxer is None:
        raise DetectorError(f"no reader of tags for `{kind}`")
    options = {**_OPTIONS, "export_xmp": "1"} if demuxer == "mov" else _OPTIONS
    try:
        with (
            blob.open() as stream,
            av.open(stream, format=demuxer, options=options, metadata_errors="replace") as container,
        ):
            tags = [dict(container.metadata), *(dict(track.metadata) for track in container.streams)]
    except (av.FFmpegError, ValueError) as error:
        raise DetectorError(f"recording cannot be opened for its tags: {error}") from error
    for table in tags:
        for key, value in table.items():
            if key.lower() == "xmp":
                yield from read_xmp(value.encode("utf-8"))
            else:
                yield Property(f"media.{key.lower()}", value)

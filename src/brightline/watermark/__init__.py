"""Keyed invisible marks in pixels, samples and words: embed, detect, and the keys."""

"""Detectors that misbehave in every way a detector can, on the word that names the way."""

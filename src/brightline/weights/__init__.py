"""The model files that detectors use, with digests and cards; never downloads."""

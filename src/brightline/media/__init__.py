"""Bytes to arrays and text: images, audio, video, Unicode text, fingerprints."""

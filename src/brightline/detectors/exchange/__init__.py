"""Detectors that look at what callers and models say to each other: secrets, leaks, attacks, listed words."""

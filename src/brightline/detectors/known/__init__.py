"""Detectors that know an item already: hashes against banks."""

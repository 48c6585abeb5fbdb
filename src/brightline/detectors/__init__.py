"""Detectors: each module makes findings with basis MATCH or ESTIMATE about one subject."""

"""Detectors that listen: made voices, speakers, what is said."""

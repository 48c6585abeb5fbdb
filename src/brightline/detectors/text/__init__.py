"""Detectors that read text."""

"""Detectors that look at pixels: generated pictures, edited places, what a picture went through."""

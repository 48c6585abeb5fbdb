"""Detectors that look at moving pictures: what their frames say one by one, and when."""

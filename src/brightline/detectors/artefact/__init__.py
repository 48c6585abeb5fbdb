"""Detectors that look into model files and their repositories, and never load or run anything of them."""

"""Detectors that look for persons who asked to be protected, and for nobody else."""

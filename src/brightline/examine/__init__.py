"""Choose detectors, run them under limits, keep findings and gaps, combine and explain."""

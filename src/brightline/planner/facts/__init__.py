"""Data packs: dated, cited figures that operators may replace by their own."""

"""The HTML report: one self-contained page that people look at before they read."""

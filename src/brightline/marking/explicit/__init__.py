"""Explicit marks: what a person sees, reads or hears of generated content, put into the content itself."""

"""Detectors that read messages: mail headers and links."""

"""Addresses of others, as far as settings and doors judge them by their words."""

from urllib.parse import urlsplit


def is_private(url: str) -> bool:
    """Whether an address is safe from those between: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )

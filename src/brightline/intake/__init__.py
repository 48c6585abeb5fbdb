"""Bytes to a Subject with parts, within limits; a limit that is hit becomes a Gap."""

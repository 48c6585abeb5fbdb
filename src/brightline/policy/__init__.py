"""Packs of rules: load, compile, type-check, decide, test, back-test."""

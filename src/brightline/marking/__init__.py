"""Writes marks into copies of files, reads them back and compares; never removes one."""

"""Bundles: one signed file that installs Brightline on a machine without a network.

Source: The Update Framework 1.0 (metadata, expiry, roll-back and freeze protection), by the `tuf` library.
"""

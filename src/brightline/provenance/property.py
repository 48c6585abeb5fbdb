"""The Property: one thing that a file says about itself, whatever its format."""

import msgspec

VALUE_LIMIT = 4 * 1024 * 1024  # characters of one property; the graph of a large workflow has 300,000


class Property(msgspec.Struct, frozen=True):
    """One property: where it stands and what it says."""

    name: str
    value: str

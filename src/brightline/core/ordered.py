"""Closed sets of words whose order carries meaning (ALLOW < LABEL < REVIEW < BLOCK)."""

from enum import StrEnum


class OrderedEnum(StrEnum):
    """A StrEnum whose members compare by the order in which they are written down.

    >>> class Size(OrderedEnum):
    ...     SMALL = "small"
    ...     LARGE = "large"
    >>> Size.SMALL < Size.LARGE, max(Size.LARGE, Size.SMALL)
    (True, <Size.LARGE: 'large'>)
    """

    @property
    def rank(self) -> int:
        """Position in the written order, from 0."""
        return list(type(self)).index(self)

    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, type(self)) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.rank <= other.rank if isinstance(other, type(self)) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.rank > other.rank if isinstance(other, type(self)) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.rank >= other.rank if isinstance(other, type(self)) else NotImplemented

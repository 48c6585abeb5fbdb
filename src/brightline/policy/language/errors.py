"""What is wrong with an expression, and where in it."""

from brightline.core.errors import PolicyError


class ExpressionError(PolicyError):
    """An expression is refused at load; `start` and `end` are character offsets into it."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start + 1)


class EvaluationError(PolicyError):
    """An expression has no value on one examination (CEL's error value): the rule then asks for REVIEW."""

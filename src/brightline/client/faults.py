"""What goes wrong between a program and the service."""


class ProblemError(Exception):
    """The service refused: an RFC 9457 problem.

    Attributes:
        status: the HTTP status.
        title: what kind of problem.
        detail: what to do, in the language that was asked for.
    """

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.status, self.title, self.detail = status, title, detail


class SilentError(Exception):
    """Nobody answered, or not in time, after all attempts. What was handed in with a key may be handed in again."""

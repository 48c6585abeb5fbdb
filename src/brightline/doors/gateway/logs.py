"""One line of JSON a request: who, what, how long, what was decided; digests and never words."""

import logging
import sys
from datetime import UTC, datetime

import msgspec

LOGGER = logging.getLogger("brightline.gateway")


class RequestLog(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is told of one request; model and upstream are names that the operator wrote.

    Attributes:
        request: its id, which the caller got too.
        time: RFC 3339, when it began.
        event: always `request`.
        method: of HTTP.
        route: one of ours, or `none`.
        tenant: of the key.
        key: its public id.
        model: as the caller calls it, where we serve it.
        upstream: who answered.
        stream: it asked for events.
        status: of the answer.
        code: of the error or stop.
        action: that was decided, the stricter one of prompt and answer.
        prompt: digest of the request's body.
        receipts: positions in the ledger.
        tokens: counted or estimated, prompt and completion together.
        prompt_tokens: of these, what the model read.
        completion_tokens: what it wrote.
        cost: by the settings' prices, in their currency.
        first_byte: seconds until a stream's first byte went out.
        seconds: until the end of the answer.
    """

    request: str
    time: str
    event: str = ""
    method: str = ""
    route: str = "none"
    tenant: str = ""
    key: str = ""
    model: str = ""
    upstream: str = ""
    stream: bool = False
    status: int = 0
    code: str = ""
    action: str = ""
    prompt: str = ""
    receipts: list[int] = msgspec.field(default_factory=list)
    tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    first_byte: float = 0.0
    seconds: float = 0.0


class JsonLines(logging.Formatter):
    """Each record as one line of JSON; a message that is JSON already stays as it is."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        if record.name == LOGGER.name:
            return record.getMessage()
        time = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = {"time": time, "event": "log", "level": record.levelname.lower(), "from": record.name}
        said = " ".join(record.getMessage().split())[:500]
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] is not None else ""
        return msgspec.json.encode({**line, "message": said, **({"error": kind} if kind else {})}).decode()


def log_to_stderr() -> None:
    """Send the gateway's own and its server's lines to standard error; once a process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (LOGGER.name, "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def tell(line: RequestLog) -> None:
    """Write one request's line."""
    LOGGER.info("%s", msgspec.json.encode(line).decode())

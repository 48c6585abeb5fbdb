"""What is wrong with a request, and how that is said in the caller's dialect."""

import msgspec

from brightline.core.errors import ExchangeError
from brightline.exchange.nouns import Dialect

ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
}
OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Fault(ExchangeError):  # noqa: N818 - what is wrong with a request, also where nothing is raised
    """A request that ends in an error.

    Attributes:
        status: HTTP status.
        code: short machine-readable reason, e.g. `model_not_found`.
        param: where in the body, e.g. `messages[0].role`, or empty.
        retry_after_s: when to come back; 0 says nothing of it.
    """

    def __init__(
        self, status: int, code: str, message: str, *, param: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s


def fault_body(fault: Fault, dialect: Dialect, request: str) -> bytes:
    """The JSON body that says a fault.

    Args:
        fault: what is wrong.
        dialect: whose form.
        request: id of the request, which Anthropic's form carries.

    >>> fault_body(Fault(404, "model_not_found", "no model `x`"), Dialect.OPENAI, "r")
    b'{"error":{"message":"no model `x`","type":"invalid_request_error","param":null,"code":"model_not_found"}}'
    """
    message = str(fault)
    if dialect is Dialect.ANTHROPIC:
        kind = ANTHROPIC_TYPES.get(
            fault.status, "api_error" if fault.status >= 500 else "invalid_request_error"
        )
        return msgspec.json.encode(
            {"type": "error", "error": {"type": kind, "message": message}, "request_id": request}
        )
    kind = OPENAI_TYPES.get(fault.status, "server_error" if fault.status >= 500 else "invalid_request_error")
    said = {"message": message, "type": kind, "param": fault.param or None, "code": fault.code}
    return msgspec.json.encode({"error": said})

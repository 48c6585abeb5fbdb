"""The routes: what each speaks, and where its upstream listens."""

import msgspec

from brightline.exchange.nouns import Protocol
from brightline.settings_gateway import Fail, RoutesSetting


class Route(msgspec.Struct, frozen=True):
    """One route that asks a model.

    Attributes:
        protocol: what it speaks.
        upstream: its path behind the upstream's base URL.
        is_form: its body is a form with files.
    """

    protocol: Protocol
    upstream: str
    is_form: bool = False

    @property
    def is_media(self) -> bool:
        """Whether pictures or sound go in or come out, which have limits of their own."""
        return self.protocol in {Protocol.IMAGES, Protocol.AUDIO}

    def fail(self, routes: RoutesSetting) -> Fail:
        """What becomes of what could not be judged."""
        mode: Fail = getattr(routes, self.protocol.value)
        return mode


def _routes() -> dict[str, Route]:
    rows = (
        Route(Protocol.CHAT, "/chat/completions"),
        Route(Protocol.COMPLETIONS, "/completions"),
        Route(Protocol.RESPONSES, "/responses"),
        Route(Protocol.EMBEDDINGS, "/embeddings"),
        Route(Protocol.MESSAGES, "/messages"),
        Route(Protocol.IMAGES, "/images/generations"),
        Route(Protocol.IMAGES, "/images/edits", is_form=True),
        Route(Protocol.IMAGES, "/images/variations", is_form=True),
        Route(Protocol.AUDIO, "/audio/speech"),
        Route(Protocol.AUDIO, "/audio/transcriptions", is_form=True),
        Route(Protocol.AUDIO, "/audio/translations", is_form=True),
    )
    return {f"/v1{route.upstream}": route for route in rows}


ROUTES = _routes()
MODELS = "/v1/models"
METRICS = "/metrics"
HEALTH = "/healthz"

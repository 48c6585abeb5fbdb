"""The tables of `[gateway]` in brightline.toml: who is served, by which models, within which limits."""

from enum import StrEnum
from pathlib import Path

import msgspec

MiB = 1024 * 1024


class UpstreamKind(StrEnum):
    """How an upstream wants to be addressed."""

    OPENAI = "openai"  # vLLM, SGLang, Ollama, llama.cpp, LM Studio, clouds: key in `authorization`
    AZURE = "azure"  # key in `api-key`, the model's deployment in the path
    ANTHROPIC = "anthropic"  # key in `x-api-key`; serves the messages route alone


class UpstreamSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server of models.

    Attributes:
        name: how logs, metrics and records call it.
        base_url: where its API begins, e.g. `http://127.0.0.1:8000/v1`.
        kind: `openai`, `azure` or `anthropic`.
        key_file: file whose first line is the key for it; empty sends none.
        models: what callers call a model, to what this upstream calls it; two upstreams may serve one model.
        weight: share of the requests among upstreams of the same tier.
        tier: upstreams of a higher tier are asked only when all of a lower one fail.
        api_version: Azure's `api-version`.
        connect_seconds: until a connection stands.
        first_byte_seconds: from the request to the first byte of the answer.
        idle_seconds: between two pieces of an answer.
        total_seconds: for a whole answer.
        health_seconds: between two questions for its models; 0 asks none and only requests tell.
    """

    name: str
    base_url: str
    kind: UpstreamKind = UpstreamKind.OPENAI
    key_file: str = ""
    models: dict[str, str] = {}
    weight: int = 1
    tier: int = 0
    api_version: str = ""
    connect_seconds: float = 5.0
    first_byte_seconds: float = 120.0  # a long prompt on a busy machine
    idle_seconds: float = 60.0
    total_seconds: float = 900.0
    health_seconds: float = 15.0


class Fail(StrEnum):
    """What becomes of a request that could not be judged whole."""

    CLOSED = "closed"  # it is held
    OPEN = "open"  # it passes, and the ledger keeps the gap


class RoutesSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each route does with what could not be judged: `closed` holds it, `open` lets it pass and records the gap.

    Attributes:
        chat: `/v1/chat/completions`.
        completions: `/v1/completions`.
        responses: `/v1/responses`.
        messages: `/v1/messages`.
        embeddings: `/v1/embeddings`.
        images: `/v1/images/...`; pictures are not judged here yet, so `closed` holds each.
        audio: `/v1/audio/...`; sound is not judged here yet, so `closed` holds each.
    """

    chat: Fail = Fail.CLOSED
    completions: Fail = Fail.CLOSED
    responses: Fail = Fail.CLOSED
    messages: Fail = Fail.CLOSED
    embeddings: Fail = Fail.CLOSED
    images: Fail = Fail.CLOSED
    audio: Fail = Fail.CLOSED


class GatewayLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much callers and upstreams may cost.

    Attributes:
        body_bytes: of a request with words.
        media_bytes: of a request with pictures or sound.
        answer_bytes: of an answer that is judged whole, and of the words of a stream.
        media_answer_bytes: of an answer with pictures or sound.
        header_bytes: of a request's head.
        header_seconds: until a request's head is there.
        body_seconds: until a request's body is there.
        send_seconds: until a caller takes a piece of the answer.
        connections: open at once.
        requests: under way at once; more are told to come back.
        ledger_queue: decisions that wait for the ledger; more requests are told to come back.
        judge_seconds: of one detector, and of all of them on one text.
        window_characters: words of a stream that are held back at most until they are judged.
        hold_characters: words behind the judged end that stay held, so that what spans two windows is not half told.
        drain_seconds: that requests under way get when the gateway ends.
        failures: of an upstream in a row, after which it rests.
        rest_seconds: that it rests before one request tries it again.
        attempts: upstreams that are asked for one request.
    """

    body_bytes: int = 4 * MiB  # a million tokens
    media_bytes: int = 32 * MiB  # OpenAI takes 25 MB of sound and 50 MB of pictures
    answer_bytes: int = 8 * MiB
    media_answer_bytes: int = 64 * MiB
    header_bytes: int = 32 * 1024
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    send_seconds: float = 30.0
    connections: int = 2_000
    requests: int = 512
    ledger_queue: int = 4_096
    judge_seconds: float = 1.0  # the shipped detectors take a millisecond; a held loop holds everybody
    window_characters: int = 400  # about 100 English tokens
    hold_characters: int = 64  # an identifier with the words that name it
    drain_seconds: float = 30.0
    failures: int = 5
    rest_seconds: float = 10.0
    attempts: int = 3


class GatewaySetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`brightline gateway`.

    Attributes:
        host: address to listen on.
        port: port to listen on.
        guards: prompts and answers are judged and recorded; false makes it a plain proxy with keys.
        prompt_detectors: detectors that look at prompts.
        answer_detectors: detectors that look at answers.
        extra_fields: names beside the protocol's own that a request's body may hold, e.g. `chat_template_kwargs`.
        upstreams: servers of models.
        routes: what each route does with what could not be judged.
        limits: how much callers and upstreams may cost.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    guards: bool = True
    prompt_detectors: tuple[str, ...] = ("text.unicode", "text.personal", "message.links")
    answer_detectors: tuple[str, ...] = ("text.unicode", "text.personal", "message.links", "message.fraud")
    extra_fields: tuple[str, ...] = ()
    upstreams: tuple[UpstreamSetting, ...] = ()
    routes: RoutesSetting = RoutesSetting()
    limits: GatewayLimits = GatewayLimits()


def read_key(upstream: UpstreamSetting) -> str:
    """The key for an upstream, from its file; empty where none is named.

    Raises:
        OSError: the file cannot be read.
        ValueError: its first line is empty or holds what no header may.
    """
    if not upstream.key_file:
        return ""
    with Path(upstream.key_file).expanduser().open(encoding="utf-8") as file:
        key = file.readline(4096).strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ValueError(f"`{upstream.key_file}` holds no key in its first line")
    return key


def fault_of(gateway: GatewaySetting) -> str:
    """What is wrong with the tables beyond their types, as one line; empty when nothing is."""
    for name in GatewayLimits.__struct_fields__:
        if getattr(gateway.limits, name) <= 0:
            return f"`gateway.limits.{name}` is {getattr(gateway.limits, name)}, expected more than 0"
    if not 0 <= gateway.port < 65536:
        return f"`gateway.port` is {gateway.port}, expected 0 to 65535"
    names = [upstream.name for upstream in gateway.upstreams]
    if len({*names}) < len(names):
        return "two of `gateway.upstreams` have the same name"
    for upstream in gateway.upstreams:
        if not upstream.base_url.startswith(("http://", "https://")):
            return f"`base_url` of upstream `{upstream.name}` is `{upstream.base_url}`, expected http:// or https://"
        if upstream.weight < 1:
            return f"`weight` of upstream `{upstream.name}` is {upstream.weight}, expected 1 or more"
    if gateway.guards and not (gateway.prompt_detectors and gateway.answer_detectors):
        return "`gateway` has guards and no detectors: nothing would be looked at"
    return ""

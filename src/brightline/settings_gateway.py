"""The tables of `[gateway]` in brightline.toml: who is served, by which models, within which limits."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

import msgspec

from brightline.core.addresses import is_private
from brightline.core.subject import Audience

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


class PriceSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model costs, in the currency that you count in, for a million tokens.

    Attributes:
        prompt: of what it reads.
        completion: of what it writes.
    """

    prompt: float
    completion: float


class GuardKind(StrEnum):
    """In which form a guard model gives its verdict."""

    LLAMA_GUARD = "llama-guard"
    QWEN3GUARD = "qwen3guard"
    SHIELDGEMMA = "shieldgemma"


class GuardSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One guard model of yours; what it says is an estimate, and its failure a gap.

    Attributes:
        name: how records call it.
        base_url: where its API begins, e.g. `http://127.0.0.1:8002/v1`.
        kind: `llama-guard`, `qwen3guard` or `shieldgemma`.
        model: as its server calls it.
        key_file: file whose first line is the key for it; empty sends none.
        prompts: it looks at prompts.
        answers: it looks at answers; streams are then held until their end.
        seconds: until its verdict is there.
        characters: of prompt and answer that it is shown; more leaves a gap.
        probability: what its verdict counts for where its server gives no log-probabilities; nobody calibrated it.
        guideline: what ShieldGemma is asked about; empty asks about its four own harms together.
    """

    name: str
    base_url: str
    kind: GuardKind
    model: str
    key_file: str = ""
    prompts: bool = True
    answers: bool = False
    seconds: float = 10.0
    characters: int = 32_000  # 8,000 tokens, the context that these models were trained with
    probability: float = 0.9
    guideline: str = ""


class IssuerSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who sign in with OpenID Connect; their tokens stand in place of keys.

    Attributes:
        issuer: its address, exactly as tokens name it in `iss`.
        audience: what tokens for this gateway name in `aud`.
        jwks_file: file with its public keys (a JWK set); needs no network.
        discover: its keys are asked for at its address at start-up, and again when a token names an unknown one.
        algorithms: signatures that count.
        tenant: whose all of them are; or
        tenant_claim: the claim of a token that names the tenant.
        roles_claim: the claim that lists roles.
        operator_role: the role in it whose bearers may read the metrics; empty is nobody.
        answers_for: who sees the answers, `internal` or `public`.
        models: that they may ask for; empty is all.
        policies: packs that are laid over the house's for them; they may only tighten.
        requests_per_minute: of each person; 0 is no limit.
        tokens_per_minute: of each person; 0 is no limit.
        tokens_per_day: of each person; 0 is no limit.
        money_per_day: of each person; 0 is no limit.
        money_per_month: of each person; 0 is no limit.
    """

    issuer: str
    audience: str
    jwks_file: str = ""
    discover: bool = False
    algorithms: tuple[
        Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...
    ] = (
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
    )
    tenant: str = ""
    tenant_claim: str = ""
    roles_claim: str = "roles"
    operator_role: str = ""
    answers_for: Audience = Audience.INTERNAL
    models: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    tokens_per_day: int = 0
    money_per_day: float = 0.0
    money_per_month: float = 0.0


class ContentSetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which prompts and answers are kept, encrypted; without rules nothing is.

    Attributes:
        rules: rules of the policy, e.g. `house/default#hidden-instructions`; what one of them caught is kept.
        days: that it is kept; 183 are the six months that China's rules for logs of generation services ask for.
        key_file: file with 32 random bytes, under which the days' keys lie; made when there is none.
    """

    rules: tuple[str, ...] = ()
    days: int = 183
    key_file: str = ""


class TelemetrySetting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Traces and metrics to an OpenTelemetry collector; needs the extra `otel`.

    Attributes:
        endpoint: of OTLP over HTTP, e.g. `http://127.0.0.1:4318`; empty sends nothing.
        service: how the collector calls this gateway.
        headers_file: file with a line `name: value` for each header that the collector asks for.
        share: of requests that are traced, 0 to 1; a caller's own trace decides for itself.
        seconds: between two sendings of metrics.
    """

    endpoint: str = ""
    service: str = "brightline-gateway"
    headers_file: str = ""
    share: float = 1.0
    seconds: float = 15.0


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
        images: `/v1/images/...`.
        audio: `/v1/audio/...`.
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
        media_queue: pictures and sounds that wait to be looked at; more are gaps.
        media_seconds: until a picture or sound is looked at, in the queue and in the worker.
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
    media_queue: int = 64
    media_seconds: float = 30.0  # the first one waits for the workers to start
    judge_seconds: float = 1.0  # the shipped detectors take a millisecond; a held loop holds everybody
    window_characters: int = 400  # about 100 English tokens
    hold_characters: int = 96  # an identifier with the words that name it, on either side of it
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
        media_workers: processes that look at pictures, sounds and files, started with the first of them; 0 leaves each
            a gap.
        extra_fields: names beside the protocol's own that a request's body may hold, e.g. `chat_template_kwargs`.
        upstreams: servers of models.
        guard_models: guard models of yours, `[[gateway.guard_models]]`.
        issuers: whose people may come with tokens in place of keys.
        prices: what each model costs; with them keys may have budgets in money.
        shared_limits: `redis://` address of a Valkey or Redis where gateways share limits a minute; needs the extra
            `valkey`; empty keeps them in each process.
        contents: which prompts and answers are kept.
        telemetry: where traces and metrics go.
        routes: what each route does with what could not be judged.
        limits: how much callers and upstreams may cost.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    guards: bool = True
    prompt_detectors: tuple[str, ...] = (
        "text.unicode",
        "text.personal",
        "message.links",
        "exchange.listed",
        "exchange.secret",
    )
    answer_detectors: tuple[str, ...] = (
        "text.unicode",
        "text.personal",
        "message.links",
        "message.fraud",
        "exchange.listed",
        "exchange.secret",
        "exchange.prompt_leak",
        "exchange.ungrounded",
    )
    media_workers: int = 1
    extra_fields: tuple[str, ...] = ()
    upstreams: tuple[UpstreamSetting, ...] = ()
    guard_models: tuple[GuardSetting, ...] = ()
    issuers: tuple[IssuerSetting, ...] = ()
    prices: dict[str, PriceSetting] = {}
    shared_limits: str = ""
    contents: ContentSetting = ContentSetting()
    telemetry: TelemetrySetting = TelemetrySetting()
    routes: RoutesSetting = RoutesSetting()
    limits: GatewayLimits = GatewayLimits()


def cost_nano(prices: Mapping[str, PriceSetting], model: str, prompt: int, completion: int) -> int:
    """What some tokens cost, in thousand-millionths of the currency; 0 where the model has no price.

    >>> cost_nano({"m": PriceSetting(prompt=0.5, completion=1.5)}, "m", 1000, 100)
    650000
    """
    price = prices.get(model)
    if price is None:
        return 0
    return round(prompt * price.prompt * 1000 + completion * price.completion * 1000)


def read_key(upstream: UpstreamSetting | GuardSetting) -> str:
    """The key for an upstream or a guard model, from its file; empty where none is named.

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
    if fault := _fault_of_guests(gateway):
        return fault
    if gateway.guards and not (gateway.prompt_detectors and gateway.answer_detectors):
        return "`gateway` has guards and no detectors: nothing would be looked at"
    return ""


def _fault_of_guests(gateway: GatewaySetting) -> str:
    """What is wrong with issuers, guard models, prices and what is kept."""
    for issuer in gateway.issuers:
        name = f"`gateway.issuers` of `{issuer.issuer}`"
        if bool(issuer.jwks_file) == issuer.discover:
            return f"{name}: set `jwks_file`, or `discover`, and not both"
        if bool(issuer.tenant) == bool(issuer.tenant_claim):
            return f"{name}: set `tenant`, or `tenant_claim`, and not both"
        if not issuer.audience or not issuer.algorithms:
            return f"{name}: `audience` and `algorithms` may not be empty"
        if issuer.discover and not is_private(issuer.issuer):
            return f"{name}: keys are asked for over https:// alone, or on this machine"
    if len({one.issuer for one in gateway.issuers}) < len(gateway.issuers):
        return "two of `gateway.issuers` have the same address"
    if len({one.name for one in gateway.guard_models}) < len(gateway.guard_models):
        return "two of `gateway.guard_models` have the same name"
    for guard in gateway.guard_models:
        if not guard.base_url.startswith(("http://", "https://")) or not (guard.prompts or guard.answers):
            return f"guard model `{guard.name}`: expected `base_url` with http:// or https://, and something to look at"
        if not 0.5 <= guard.probability <= 1 or guard.seconds <= 0 or guard.characters <= 0:
            return f"guard model `{guard.name}`: expected `probability` 0.5 to 1, and limits above 0"
    return _fault_of_amounts(gateway)


def _fault_of_amounts(gateway: GatewaySetting) -> str:
    served = {name for one in gateway.upstreams for name in one.models}
    if gateway.prices and (unpriced := sorted(served - {*gateway.prices})):
        return f"`gateway.prices` says nothing of `{unpriced[0]}`: it would cost nothing; write 0 if it does"
    for name, price in gateway.prices.items():
        if not (0 <= price.prompt < 1e6 and 0 <= price.completion < 1e6):
            return f"`gateway.prices` of `{name}`: expected 0 to a million for a million tokens"
    if any(one.money_per_day or one.money_per_month for one in gateway.issuers) and not gateway.prices:
        return "`gateway.issuers` has a budget in money, and `gateway.prices` is empty"
    if gateway.contents.days <= 0:
        return f"`gateway.contents.days` is {gateway.contents.days}, expected more than 0"
    if gateway.media_workers < 0:
        return f"`gateway.media_workers` is {gateway.media_workers}, expected 0 or more"
    if not 0 <= gateway.telemetry.share <= 1 or gateway.telemetry.seconds <= 0:
        return "`gateway.telemetry`: expected `share` 0 to 1 and `seconds` above 0"
    if gateway.shared_limits and not gateway.shared_limits.startswith(("redis://", "rediss://", "unix://")):
        return "`gateway.shared_limits`: expected redis://, rediss:// or unix://"
    return ""

"""The ASGI application: who asks, whether they may, and what for; no framework stands between uvicorn and it."""

import secrets
import time

import msgspec

from brightline.doors.gateway.caller import Caller, Gone, Headers, Message, Receive, Send
from brightline.doors.gateway.exchange import Exchange
from brightline.doors.gateway.keys import OPERATOR, Key
from brightline.doors.gateway.logs import LOGGER, RequestLog, tell
from brightline.doors.gateway.metrics import Labels
from brightline.doors.gateway.routes import HEALTH, METRICS, MODELS, ROUTES, Route
from brightline.doors.gateway.state import State, now
from brightline.doors.gateway.upstreams import no_model
from brightline.exchange.faults import Fault
from brightline.exchange.nouns import Dialect

LOGGER_ERRORS = LOGGER.getChild("errors")
HUNG_UP = 499  # status in logs and metrics of a request whose caller did not wait (as nginx has it)


class App:
    """The gateway over ASGI; `state` is set once the event loop runs, and set anew by a reload."""

    def __init__(self) -> None:
        self.state: State | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or self.state is None:
            return
        state = self.state
        begun = time.perf_counter()
        caller = Caller(scope, receive, send, f"req_{secrets.token_hex(12)}", state.gateway.limits)
        method = caller.method if caller.method in _METHODS else "other"
        log = RequestLog(request=caller.request, time=now(), event="request", method=method)
        route = ROUTES.get(caller.path)
        dialect = route.protocol.dialect if route is not None else Dialect.OPENAI
        state.in_flight += 1
        state.load.requests += 1
        begun_trace = state.telemetry.begin(caller.header(b"traceparent"))
        try:
            await self._serve(state, caller, route, dialect, log)
        except Gone:
            log.status = HUNG_UP
        finally:
            state.in_flight -= 1
            state.load.requests -= 1
            caller.close()
            log.seconds = round(time.perf_counter() - begun, 6)
            if log.stream and caller.is_started:
                log.first_byte = round(caller.started_at - begun, 6)
            self._count(state, log)
            tell(log)
            state.telemetry.end(begun_trace, log, state.pool.kinds)

    async def _serve(
        self, state: State, caller: Caller, route: Route | None, dialect: Dialect, log: RequestLog
    ) -> None:
        exchange: Exchange | None = None
        try:
            if caller.path == HEALTH:
                await self._health(state, caller, log)
                return
            key = self._key_of(state, caller, log)
            if route is None:
                await self._small(state, caller, key, log)
                return
            log.route = route.protocol.value
            await self._admit(state, caller, key)
            exchange = Exchange(state, caller, key, route, log)
            await exchange.run()
        except Fault as fault:
            await self._fault(caller, fault, dialect, exchange.headers if exchange is not None else [], log)
        except Gone:
            raise
        except Exception:  # ours: nobody hears more than that it happened
            LOGGER_ERRORS.exception("request failed")
            said = Fault(500, "internal_error", "the gateway failed; nothing was let through")
            await self._fault(caller, said, dialect, [], log)

    async def _fault(
        self, caller: Caller, fault: Fault, dialect: Dialect, headers: Headers, log: RequestLog
    ) -> None:
        log.status, log.code = fault.status, log.code or fault.code
        await caller.fault(fault, dialect, headers)

    async def _admit(self, state: State, caller: Caller, key: Key) -> None:
        if caller.method != "POST":
            raise Fault(405, "method_not_allowed", f"`{caller.path}` takes POST")
        if state.load.requests > state.gateway.limits.requests:
            raise Fault(503, "overloaded", "the gateway has too much to do", retry_after_s=1)
        if (key.money_per_day or key.money_per_month) and not state.gateway.prices:
            raise Fault(403, "no_prices", "the key has a budget in money, and this gateway knows no prices")
        if state.shared is not None:
            await state.shared.admit(key, state.quota)
        else:
            state.quota.admit(key)

    def _key_of(self, state: State, caller: Caller, log: RequestLog) -> Key:
        if state.load.is_draining:
            raise Fault(503, "shutting_down", "the gateway is shutting down", retry_after_s=5)
        kind, _, token = caller.header(b"authorization").partition(" ")
        if kind.lower() != "bearer":
            token = caller.header(b"x-api-key") or caller.header(b"api-key")
        token = token.strip()
        key = state.keys.find(token) or state.people.find(token)
        if key is None:
            raise Fault(401, "invalid_api_key", "no such key, or it is no longer in force")
        log.tenant, log.key = key.tenant, key.id
        return key

    async def _health(self, state: State, caller: Caller, log: RequestLog) -> None:
        log.route, log.status = "health", 503 if state.load.is_draining else 200
        said = "draining" if state.load.is_draining else "ok"
        await caller.answer(log.status, msgspec.json.encode({"status": said}), [])

    async def _small(self, state: State, caller: Caller, key: Key, log: RequestLog) -> None:
        if caller.method != "GET":
            raise Fault(404, "unknown_route", f"no route `{caller.path[:100]}`")
        if caller.path == METRICS:
            if OPERATOR not in key.roles:
                raise Fault(403, "forbidden", "the metrics are for keys of the role `operator`")
            log.route, log.status = "metrics", 200
            await caller.answer(200, _metrics(state), [], b"text/plain; version=0.0.4; charset=utf-8")
            return
        body = _models(state, caller.path, key)
        log.route, log.status = "models", 200
        await caller.answer(200, body, [])

    def _count(self, state: State, log: RequestLog) -> None:
        labels = (("route", log.route), ("status", str(log.status)), ("action", log.action))
        state.metrics.count("requests_total", labels)
        state.metrics.observe("request_seconds", (("route", log.route),), log.seconds)
        if log.first_byte:
            state.metrics.observe("first_byte_seconds", (("route", log.route),), log.first_byte)


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def _models(state: State, path: str, key: Key) -> bytes:
    rows = {
        name: {"id": name, "object": "model", "created": 0, "owned_by": "brightline"}
        for name in state.pool.models()
        if key.may_ask(name)
    }
    if path == MODELS:
        return msgspec.json.encode({"object": "list", "data": [*rows.values()]})
    if not path.startswith(f"{MODELS}/"):
        raise Fault(404, "unknown_route", f"no route `{path[:100]}`")
    name = path.removeprefix(f"{MODELS}/")
    if name not in rows:
        raise no_model(name)
    return msgspec.json.encode(rows[name])


def _metrics(state: State) -> bytes:
    up: dict[Labels, float] = {
        (("upstream", one.setting.name),): float(one.is_healthy and not one.rests_for_s)
        for one in state.pool.upstreams
    }
    failures: dict[Labels, float] = {
        (("upstream", one.setting.name),): float(one.failures_total) for one in state.pool.upstreams
    }
    recorder, shared = state.recorder, state.shared
    return state.metrics.text(
        {
            "in_flight": {(): float(state.load.requests)},
            "upstream_failures_total": failures,
            **({"shared_limits_up": {(): float(shared.is_up)}} if shared is not None else {}),
            "upstream_up": up,
            "ledger_entries_total": {(): float(recorder.written if recorder is not None else 0)},
            "ledger_writes_total": {(): float(recorder.batches if recorder is not None else 0)},
        }
    )

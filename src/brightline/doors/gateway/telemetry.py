"""Traces and metrics of exchanges for an OpenTelemetry collector: names, counts and times, never words.

Source: OpenTelemetry semantic conventions for generative AI (spans and metrics of clients), W3C Trace Context.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from brightline.core.errors import SettingsError
from brightline.doors.gateway.logs import RequestLog
from brightline.settings_gateway import TelemetrySetting, UpstreamKind

if TYPE_CHECKING:
    from opentelemetry.trace import Span

TRACE: ContextVar[str] = ContextVar("traceparent", default="")  # what goes to the upstream of this request
OPERATIONS = {
    "chat": "chat", "responses": "chat", "messages": "chat", "completions": "text_completion",
    "embeddings": "embeddings", "images": "generate_content", "audio": "generate_content",
}  # fmt: skip
PROVIDERS = {
    UpstreamKind.OPENAI: "openai",
    UpstreamKind.AZURE: "azure.ai.openai",
    UpstreamKind.ANTHROPIC: "anthropic",
}
DURATION, USAGE, FIRST = (
    "gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk",
)  # fmt: skip
SECONDS = (
    0.01,
    0.02,
    0.04,
    0.08,
    0.16,
    0.32,
    0.64,
    1.28,
    2.56,
    5.12,
    10.24,
    20.48,
    40.96,
    81.92,
)  # as the source says
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
FLUSH_MS = 5_000  # at the end


class Telemetry(Protocol):
    """What hears of exchanges."""

    def begin(self, traceparent: str) -> object:
        """A request begins; gives what `end` takes."""

    def end(self, begun: object, log: RequestLog, providers: Mapping[str, UpstreamKind]) -> None:
        """It has ended as its line says; `providers` says of what kind each upstream is."""

    def close(self) -> None:
        """Send what is left; waits some seconds at most."""


class Silent:
    """Hears nothing: the settings name no collector."""

    def begin(self, traceparent: str) -> object:
        """Nothing."""
        return traceparent

    def end(self, begun: object, log: RequestLog, providers: Mapping[str, UpstreamKind]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Collector:
    """Sends to a collector by OTLP over HTTP, from threads of its own."""

    def __init__(self, setting: TelemetrySetting) -> None:
        """Begin.

        Raises:
            SettingsError: the extra is not installed, or the file of headers cannot be read.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError as error:
            raise SettingsError(
                "`gateway.telemetry` needs the extra `otel`: pip install brightline[otel]"
            ) from error
        base, headers = setting.endpoint.rstrip("/"), _headers(setting)
        about = Resource.create({"service.name": setting.service})
        self._tracing = TracerProvider(
            resource=about, sampler=ParentBasedTraceIdRatio(setting.share), shutdown_on_exit=False
        )
        self._tracing.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces", headers=headers))
        )
        exporter = OTLPMetricExporter(endpoint=f"{base}/v1/metrics", headers=headers)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=setting.seconds * 1000)
        self._metering = MeterProvider(metric_readers=[reader], resource=about, shutdown_on_exit=False)
        self._tracer = self._tracing.get_tracer("brightline.gateway")
        meter = self._metering.get_meter("brightline.gateway")
        self._duration = meter.create_histogram(DURATION, "s", explicit_bucket_boundaries_advisory=SECONDS)
        self._usage = meter.create_histogram(USAGE, "{token}", explicit_bucket_boundaries_advisory=TOKENS)
        self._first = meter.create_histogram(FIRST, "s", explicit_bucket_boundaries_advisory=SECONDS)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, traceparent: str) -> object:
        """A request begins; its trace goes on from the caller's and to the upstream."""
        from opentelemetry.trace import SpanKind, set_span_in_context

        context = self._propagator.extract({"traceparent": traceparent}) if traceparent else None
        span = self._tracer.start_span("request", context=context, kind=SpanKind.CLIENT)
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier, set_span_in_context(span))
        TRACE.set(carrier.get("traceparent", ""))
        return span

    def end(self, begun: object, log: RequestLog, providers: Mapping[str, UpstreamKind]) -> None:
        """It has ended as its line says."""
        span: Span = begun  # type: ignore[assignment]  # it is what `begin` gave
        operation = OPERATIONS.get(log.route)
        if operation is None:
            span.update_name(f"{log.method} {log.route}")
            span.end()
            return
        facts: dict[str, str] = {"gen_ai.operation.name": operation}
        if log.upstream in providers:
            facts["gen_ai.provider.name"] = PROVIDERS[providers[log.upstream]]
        if log.model:
            facts["gen_ai.request.model"] = log.model
        if log.status >= 400 or not log.status:
            facts["error.type"] = log.code or str(log.status)
        self._end_span(span, operation, log, facts)
        self._duration.record(log.seconds, facts)
        if log.first_byte:
            self._first.record(log.first_byte, facts)
        if log.tokens:
            self._usage.record(log.prompt_tokens, {**facts, "gen_ai.token.type": "input"})
            self._usage.record(log.completion_tokens, {**facts, "gen_ai.token.type": "output"})

    def _end_span(self, span: "Span", operation: str, log: RequestLog, facts: Mapping[str, str]) -> None:
        from opentelemetry.trace import Status, StatusCode

        span.update_name(f"{operation} {log.model}".strip())
        span.set_attributes(facts)
        span.set_attributes(
            {
                "gen_ai.request.stream": log.stream,
                "gen_ai.usage.input_tokens": log.prompt_tokens,
                "gen_ai.usage.output_tokens": log.completion_tokens,
                "gen_ai.response.id": log.request,
                "brightline.tenant": log.tenant,
                "brightline.key": log.key,
                "brightline.upstream": log.upstream,
                "brightline.action": log.action,
                "brightline.code": log.code,
                "brightline.prompt.digest": log.prompt,
                "brightline.receipts": log.receipts,
                "http.response.status_code": log.status,
            }
        )
        if "error.type" in facts:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def close(self) -> None:
        """Send what is left."""
        self._tracing.force_flush(FLUSH_MS)
        self._tracing.shutdown()
        self._metering.shutdown(FLUSH_MS)


def telemetry_for(setting: TelemetrySetting) -> Telemetry:
    """What the settings ask for.

    Raises:
        SettingsError: it cannot be had.
    """
    return Collector(setting) if setting.endpoint else Silent()


def _headers(setting: TelemetrySetting) -> dict[str, str]:
    if not setting.headers_file:
        return {}
    try:
        lines = Path(setting.headers_file).expanduser().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read `{setting.headers_file}`") from error
    pairs = [line.partition(":") for line in lines if line.strip()]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}

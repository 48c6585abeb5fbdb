"""Traces and metrics reach a real OTLP receiver on loopback; the dashboard asks for nothing that the page does not have."""

import asyncio
import http.server
import json
import re
import threading
from pathlib import Path

import httpx2
import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from brightline.doors.gateway.metrics import HELP
from brightline.settings_gateway import TelemetrySetting

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "gateway.json"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Receiver:
    """Takes OTLP over HTTP and keeps what came."""

    def __init__(self):
        self.spans, self.metrics, self.headers = [], {}, []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                data = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    import gzip

                    data = gzip.decompress(data)
                receiver.headers.append(dict(self.headers))
                receiver.take(self.path, data)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path, data):
        kind: type[Message] = (
            ExportTraceServiceRequest if path == "/v1/traces" else ExportMetricsServiceRequest
        )
        said = kind.FromString(data)
        if path == "/v1/traces":
            for resource in said.resource_spans:
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
            return
        for resource in said.resource_metrics:
            for scope in resource.scope_metrics:
                self.metrics |= {metric.name: metric for metric in scope.metrics}


def facts(span):
    found = {}
    for one in span.attributes:
        value = one.value
        kind = value.WhichOneof("value")
        found[one.key] = (
            [v.int_value for v in value.array_value.values] if kind == "array_value" else getattr(value, kind)
        )
    return found


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


def test_exchanges_are_traced_by_the_conventions_and_no_word_of_them_is_sent(
    receiver, upstream, another, tmp_path
):
    (tmp_path / "headers").write_text("x-scope: mine\n")
    telemetry = TelemetrySetting(endpoint=receiver.url, headers_file=str(tmp_path / "headers"), seconds=3600)
    gateway = another(upstream.port, gateway={"telemetry": telemetry})
    token, key = gateway.key("tenant-t")
    with httpx2.Client() as client:
        body = {"model": "say", "messages": [{"role": "user", "content": "say:A secret word."}]}
        headers = {"authorization": f"Bearer {token}", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        assert (
            client.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers).status_code == 200
        )
    sent = upstream.heard[-1][1]["traceparent"].split("-")
    gateway.chat(token, "say:Two.", stream=True)
    gateway.chat(token, "x", model="error")
    gateway.stop()
    one, two, three = sorted(receiver.spans, key=lambda span: span.start_time_unix_nano)
    said = facts(one)
    assert one.name == "chat say"
    assert (one.trace_id.hex(), one.parent_span_id.hex()) == (TRACE, "00f067aa0ba902b7")
    assert (sent[1], sent[2]) == (TRACE, one.span_id.hex())  # the upstream's own spans hang below ours
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.provider.name"] == "openai"
    assert said["gen_ai.request.model"] == "say"
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (7, 5)
    assert (said["brightline.tenant"], said["brightline.key"], said["brightline.action"]) == (
        "tenant-t",
        key,
        "allow",
    )
    assert said["brightline.receipts"] == [0, 1]
    assert facts(two)["gen_ai.request.stream"] is True
    assert (facts(three)["error.type"], three.status.code) == ("upstream_error", 2)
    assert {*receiver.metrics} == {
        "gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk",
    }  # fmt: skip
    usage = receiver.metrics["gen_ai.client.token.usage"].histogram.data_points
    assert {(point.attributes[-1].value.string_value, point.sum) for point in usage if point.sum}
    assert all(headers.get("x-scope") == "mine" for headers in receiver.headers)
    everything = b"".join(span.SerializeToString() for span in receiver.spans)
    assert b"secret" not in everything


def test_a_collector_that_is_gone_stops_nobody(upstream, another):
    gateway = another(upstream.port, gateway={"telemetry": TelemetrySetting(endpoint="http://127.0.0.1:9")})
    token, _ = gateway.key("tenant-t")
    assert gateway.chat(token, "say:x").status_code == 200


def test_the_dashboard_asks_only_for_what_the_metrics_page_has(upstream, another):
    gateway = another(upstream.port)
    operator, _ = gateway.key("ops", roles=("caller", "operator"))
    gateway.chat(operator, "say:One.")
    gateway.chat(operator, "say:One. Two.", stream=True)
    gateway.chat(operator, "x", model="error")
    asyncio.run_coroutine_threadsafe(gateway.gateway._reload_logged(), gateway.gateway._loop).result(60)
    page = httpx2.get(f"{gateway.url}/metrics", headers={"authorization": f"Bearer {operator}"}).text
    shown = set(re.findall(r"^(brightline_gateway_\w+?)(?:\{| )", page, re.MULTILINE))
    possible = {f"brightline_gateway_{name}" for name in HELP}
    board = json.loads(DASHBOARD.read_text("utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    names = {name for expression in asked for name in re.findall(r"brightline_gateway_\w+", expression)}
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
    assert len(names) > 8
    assert bare <= possible
    sometimes = {f"brightline_gateway_{name}" for name in ("cost_total", "shared_limits_up", "reloads_total")}
    assert names - sometimes <= shown
    labels = {label for expression in asked for label in re.findall(r"by \((\w+)", expression)}
    assert labels <= {*re.findall(r"(\w+)=\"", page)}
    assert {panel["type"] for panel in board["panels"]} <= {"timeseries", "stat", "row"}

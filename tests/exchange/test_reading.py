"""Bodies are read strictly: every word in them is found, and what is unknown is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.core.errors import ExchangeError
from brightline.exchange.answers import read_answer, refused_answer
from brightline.exchange.faults import Fault, fault_body
from brightline.exchange.multipart import call_of_form, read_form, write_form
from brightline.exchange.nouns import Dialect, Protocol
from brightline.exchange.requests import read_call

JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["model", "messages", "role", "content", "type", "text", "input", "prompt", "tools", "x"]), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(
    st.sampled_from([*Protocol]), st.binary(max_size=60) | JSONS.map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_call_or_a_fault_and_any_answer_is_one_or_an_error(protocol, data):
    faults = []
    try:
        read_call(protocol, data)
    except Fault as fault:
        faults.append(fault)
    assert all(fault.status == 400 for fault in faults)
    assert all(json.loads(fault_body(fault, dialect, "r")) for fault in faults for dialect in Dialect)
    with contextlib.suppress(ExchangeError):
        read_answer(protocol, data, "m")


def chat(**more):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], **more}
    return read_call(Protocol.CHAT, json.dumps(body).encode())


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "function", "function": {"name": "f", "description": "NEEDLE"}}]},
        {
            "tools": [
                {"type": "function", "function": {"name": "f", "parameters": {"properties": {"NEEDLE": {}}}}}
            ]
        },
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"description": "NEEDLE"}}}},
        {"prediction": {"type": "content", "content": "NEEDLE"}},
        {"metadata": {"a": "NEEDLE"}},
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "NEEDLE"}}]}
            ]
        },
        {"messages": [{"role": "user", "name": "NEEDLE", "content": "x"}]},
        {
            "messages": [
                {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "NEEDLE"}]}
            ]
        },
        {"messages": [{"role": "assistant", "reasoning_content": "NEEDLE"}]},
    ],
)
def test_words_are_found_wherever_they_stand(more):
    assert any("NEEDLE" in turn.text for turn in chat(**more).turns)


def test_roles_and_order_are_kept():
    messages = [{"role": role, "content": role} for role in ("system", "user", "assistant", "tool")]
    assert [(turn.role, turn.text) for turn in chat(messages=messages).turns] == [
        (r["role"],) * 2 for r in messages
    ]


@pytest.mark.parametrize(
    ("item", "words", "unread"),
    [
        ({"role": "user", "content": "NEEDLE"}, True, False),
        ({"role": "user", "content": [{"type": "input_text", "text": "NEEDLE"}]}, True, False),
        ({"type": "function_call_output", "call_id": "1", "output": "NEEDLE"}, True, False),
        ({"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}, False, True),
    ],
)
def test_items_of_responses(item, words, unread):
    call = read_call(Protocol.RESPONSES, json.dumps({"model": "m", "input": [item]}).encode())
    assert any("NEEDLE" in turn.text for turn in call.turns) is words
    assert bool(call.unread) is unread


def test_results_of_tools_in_messages_are_read_to_the_bottom():
    block = {
        "type": "tool_result",
        "tool_use_id": "1",
        "content": [{"type": "text", "text": "NEEDLE"}, {"type": "image"}],
    }
    body = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": [block]}]}
    call = read_call(Protocol.MESSAGES, json.dumps(body).encode())
    assert "NEEDLE" in call.turns[0].text
    assert [one.what for one in call.unread] == ["image"]


@pytest.mark.parametrize("kind", ["", "computer_use_next_year", 7, None])
def test_unknown_blocks_are_refused(kind):
    item = {"type": kind, "text": "x"}
    with pytest.raises(Fault):
        read_call(Protocol.RESPONSES, json.dumps({"model": "m", "input": [item]}).encode())


def test_tokens_in_place_of_words_are_unread():
    for given_input in ([1, 2], [[1], [2]]):
        call = read_call(Protocol.EMBEDDINGS, json.dumps({"model": "m", "input": given_input}).encode())
        assert call.unread
        assert not call.turns


def test_a_field_that_the_operator_allows_is_judged_and_forwarded():
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "documents": ["NEEDLE"]}
    with pytest.raises(Fault, match="documents"):
        read_call(Protocol.CHAT, json.dumps(body).encode())
    call = read_call(Protocol.CHAT, json.dumps(body).encode(), frozenset({"documents"}))
    assert call.turns[-1].text == "NEEDLE"
    assert call.body["documents"] == ["NEEDLE"]


@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        (Protocol.CHAT, {"choices": [{"message": {"content": None, "reasoning_content": "NEEDLE"}}]}),
        (Protocol.CHAT, {"choices": [{"message": {"tool_calls": [{"function": {"arguments": "NEEDLE"}}]}}]}),
        (Protocol.CHAT, {"choices": [], "a_new_field": {"deep": ["NEEDLE"]}}),
        (Protocol.COMPLETIONS, {"choices": [{"text": "NEEDLE"}]}),
        (Protocol.RESPONSES, {"output": [{"type": "reasoning", "summary": [{"text": "NEEDLE"}]}]}),
        (Protocol.MESSAGES, {"content": [{"type": "tool_use", "input": {"a": "NEEDLE"}}]}),
        (Protocol.AUDIO, {"text": "NEEDLE"}),
    ],
)
def test_every_word_of_an_answer_is_found(protocol, answer):
    assert any(
        "NEEDLE" in turn.text for turn in read_answer(protocol, json.dumps(answer).encode(), "m").turns
    )


def test_pictures_in_an_answer_are_unread():
    answer = json.dumps({"created": 1, "data": [{"b64_json": "AAAA"}]}).encode()
    assert read_answer(Protocol.IMAGES, answer, "m").unread


@pytest.mark.parametrize(
    "protocol", [Protocol.CHAT, Protocol.COMPLETIONS, Protocol.RESPONSES, Protocol.MESSAGES]
)
def test_refusals_are_answers_of_their_protocol(protocol):
    body = refused_answer(protocol, "m", "req", "不可以")
    assert [turn.text for turn in read_answer(protocol, body, "m").turns if "不可以" in turn.text]


FIELDS = st.lists(
    st.tuples(st.sampled_from(["prompt", "language", "user"]), st.binary(max_size=30)), max_size=5
)


@given(FIELDS, st.binary(max_size=50))
def test_forms_are_read_and_written_with_another_model(fields, file):
    boundary = b"--boundary-of-this-test-0123456789"
    rows = [(b'name="model"', b"alias"), (b'name="file"; filename="a"', file)]
    rows += [(f'name="{name}"'.encode(), data) for name, data in fields]
    data = b"".join(
        b"--" + boundary + b"\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + value + b"\r\n"
        for head, value in rows
    )
    kind = f"multipart/form-data; boundary={boundary.decode()}"
    form = read_form(kind, data + b"--" + boundary + b"--\r\n")
    assert [field.data for field in form.fields] == [value for _, value in rows]
    call = call_of_form(Protocol.AUDIO, form)
    assert (call.model, len(call.turns)) == ("alias", len([value for _, value in fields if value]))
    again = read_form(kind, write_form(form, "real"))
    assert [field.data for field in again.fields] == [b"real", *(value for _, value in rows[1:])]


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data", "multipart/form-data; boundary="]
)
def test_what_is_no_form_is_refused(kind):
    with pytest.raises(Fault):
        read_form(kind, b"x")

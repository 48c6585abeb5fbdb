"""What the API's document shows of each operation: requests and answers of a real service, as `api-examples.json` keeps them.

A test walks through the API, finds each operation in that file, and sees that the service still answers so; `make golden` writes it anew.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

FILE = "texts/api-examples.json"


class Example(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request and its answer.

    Attributes:
        path: the values of the path's parameters, by name.
        kind: media type of the request's body; empty where there is none.
        body: the request's body; for bytes, what they are in words.
        status: of the answer.
        answer_kind: media type of the answer.
        answer: the answer; None where it is bytes, or there is none.
    """

    path: dict[str, str] = {}
    kind: str = ""
    body: Any = None
    status: int = 200
    answer_kind: str = ""
    answer: Any = None


@cache
def kept() -> Mapping[str, Example]:
    """The examples, by `POST /v1/submissions` and the like."""
    data = files("brightline.doors.service").joinpath(FILE).read_bytes()
    return msgspec.json.decode(data, type=dict[str, Example])


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """The document with an example in each operation of which one is kept; changes and returns it."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            example = kept().get(f"{method.upper()} {path}")
            if example is not None:
                _show(operation, example)
    return document


def _show(operation: dict[str, Any], example: Example) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path" and parameter["name"] in example.path:
            parameter["example"] = example.path[parameter["name"]]
    body = operation.get("requestBody", {}).get("content", {}).get(example.kind)
    if body is not None and example.body is not None:
        body["example"] = example.body
    answer = operation["responses"].get(str(example.status), {}).get("content", {}).get(example.answer_kind)
    if answer is not None and example.answer is not None:
        answer["example"] = example.answer

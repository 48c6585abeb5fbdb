"""Words that the gateway itself adds to a whole answer: a label, a disclosure, a reminder, a notice."""

import msgspec

from brightline.exchange.nouns import Json, Protocol


def with_words(protocol: Protocol, data: bytes, first: str, last: str) -> bytes:
    """An answer's body with words before and behind what each choice says; where it says nothing, as it was.

    Args:
        protocol: one of those that give words.
        data: the body.
        first: before the first words.
        last: behind the last.
    """
    if not first and not last:
        return data
    body = msgspec.json.decode(data)
    for texts in _texts(protocol, body):
        if texts:
            holder, name = texts[0]
            holder[name] = f"{first}{holder[name]}"
            holder, name = texts[-1]
            holder[name] = f"{holder[name]}{last}"
    return msgspec.json.encode(body)


_Place = tuple[dict[str, Json], str]  # an object and the field of it that holds words


def _texts(protocol: Protocol, body: dict[str, Json]) -> list[list[_Place]]:
    """Where the words of each choice stand."""
    match protocol:
        case Protocol.CHAT:
            messages = [one.get("message") for one in _objects(body.get("choices"))]
            return [_fields([one], "content") for one in messages if isinstance(one, dict)]
        case Protocol.COMPLETIONS:
            return [_fields([one], "text") for one in _objects(body.get("choices"))]
        case Protocol.RESPONSES:
            items = [one for one in _objects(body.get("output")) if one.get("type") == "message"]
            return [_fields([part for one in items for part in _objects(one.get("content"))], "text")]
        case Protocol.MESSAGES:
            return [
                _fields([one for one in _objects(body.get("content")) if one.get("type") == "text"], "text")
            ]
        case _:
            return []


def _fields(objects: list[dict[str, Json]], name: str) -> list[_Place]:
    return [(one, name) for one in objects if isinstance(one.get(name), str) and one[name]]


def _objects(value: Json) -> list[dict[str, Json]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

import tomllib
from importlib.resources import files

import pytest

from brightline.detectors.message import links, mail
from brightline.detectors.text import personal, unicode


def card_of(room: str, name: str) -> dict[str, object]:
    return tomllib.loads(
        files(f"brightline.detectors.{room}").joinpath(f"{name}.card.toml").read_text("utf-8")
    )


@pytest.mark.parametrize(
    ("room", "name", "held"),
    [
        ("text", "unicode", unicode.PROBABILITY),
        ("text", "personal", personal.PROBABILITY),
        ("message", "links", links.PROBABILITY),
        ("message", "mail", {"deceit": mail.UNMEASURED}),
    ],
)
def test_a_card_states_the_probabilities_that_the_code_holds(room, name, held):
    card = card_of(room, name)
    assert card["name"] == f"{room}.{name}"
    assert card["probability"] == {str(kind): probability for kind, probability in held.items()}

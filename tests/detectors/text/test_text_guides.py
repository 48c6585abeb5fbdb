import doctest
from pathlib import Path

import pytest

GUIDES = Path(__file__).parents[3] / "docs" / "guides"


@pytest.mark.parametrize("name", ["hidden-text.md", "fraud-messages.md"])
def test_the_examples_of_a_guide_run(name):
    outcome = doctest.testfile(str(GUIDES / name), module_relative=False, encoding="utf-8")
    assert outcome.attempted > 0
    assert outcome.failed == 0

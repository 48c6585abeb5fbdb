"""A scan killed at random moments loses nothing that it acknowledged. `make kill` does it 200 times."""

import pytest
from kill_scan import main


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_scan_loses_nothing_and_resumes():
    counted = main(kills=12, seed=4)
    assert counted["answers"] > 0
    assert counted["resumed_at_the_end"] > 0

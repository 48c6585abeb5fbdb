import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_parts import nodes, opened

from hostile.samples import samples

SMALL = [data for data, _, _ in samples().values() if 0 < len(data) < 20_000]


@st.composite
def damaged(draw):
    """A sample with bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(SMALL)))
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 40))] = draw(st.binary(max_size=20))
    return bytes(data)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=3_000), damaged()))
def test_any_bytes_become_a_subject_in_time(data):
    start = time.monotonic()
    subject = opened(data)
    assert time.monotonic() - start < 5
    assert subject.size_bytes == len(data)
    for node in nodes(subject):
        for link in node.links:
            assert -1 <= link.start <= link.end <= len(node.text)

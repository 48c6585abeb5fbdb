"""One upstream and one gateway for the tests that change neither."""

import pytest
from gateway_parts import RunningGateway, ScriptedUpstream, settings_for


@pytest.fixture(scope="session")
def upstream():
    running = ScriptedUpstream()
    yield running
    running.close()


@pytest.fixture(scope="session")
def gateway(upstream, tmp_path_factory):
    running = RunningGateway(settings_for(tmp_path_factory.mktemp("gateway"), upstream.port)).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def token(gateway):
    return gateway.key("tenant-a")[0]


@pytest.fixture
def another(tmp_path):
    """Makes gateways with settings of their own, and ends them."""
    made = []

    def make(*ports, **more):
        made.append(RunningGateway(settings_for(tmp_path / f"home{len(made)}", *ports, **more)).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()

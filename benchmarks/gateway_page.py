"""docs/reference/gateway-speed.md: what the gateway costs, section by section, each written by its own measurement."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "gateway-speed.md"
HEAD = """# What the gateway costs

Written by `make bench-gateway` and `make soak-gateway`. CPU is what the system counts for the proxy's own process; on a
machine that others use too, compare rows of one table, since times wait for a core and CPU grows with cold caches.
"""
TITLES = {"speed": "Speed beside LiteLLM's proxy", "soak": "Soak with faults"}


def machine():
    """What it ran on, with the load that others put on it."""
    cores = len(os.sched_getaffinity(0))
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{day}, {cores} cores, Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f}"


def write_section(name, text):
    """Put a section into the page; the others stay as they are."""
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    sections = {one: _between(before, one) for one in TITLES}
    sections[name] = text.strip()
    body = "".join(
        f"\n## {title}\n\n<!-- {one} -->\n{sections[one]}\n<!-- end of {one} -->\n"
        for one, title in TITLES.items()
        if sections[one]
    )
    PAGE.write_text(HEAD + body, "utf-8")


def _between(text, name):
    _, found, rest = text.partition(f"<!-- {name} -->\n")
    return rest.partition(f"\n<!-- end of {name} -->")[0] if found else ""

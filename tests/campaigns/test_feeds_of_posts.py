"""Feeds become posts: three forms, their names for columns, and what cannot be read."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.campaigns.feeds import LINE_BYTES_LIMIT, read_feeds
from brightline.campaigns.gather import Gatherer, domain_of, link_of, seconds_of, text_of
from brightline.campaigns.network import actions_of, network_of
from brightline.campaigns.posts import Layer, Strings
from brightline.core.errors import FeedError

ROWS = [
    {"account": "a", "post_id": "1", "time": 1_700_000_000, "url": "https://www.example.org/x?utm_source=q"},
    {"account": "b", "post_id": "2", "time": 1_700_000_030, "url": "http://example.org/x#top"},
]


def _written(folder: Path, form: str) -> Path:
    file = folder / f"feed.{form}"
    if form == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif form == "csv":
        file.write_text(
            "account,post_id,time,url\n" + "".join(",".join(map(str, row.values())) + "\n" for row in ROWS)
        )
    else:
        parquet.write_table(pa.Table.from_pylist(ROWS), file)
    return file


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_one_feed_reads_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    posts = read_feeds([_written(tmp_path, form)])
    assert [*posts.accounts] == ["a", "b"]
    assert [*posts.ids] == ["1", "2"]
    assert posts.time.tolist() == [1_700_000_000, 1_700_000_030]
    assert dict(zip([*posts.objects], posts.layers.tolist(), strict=True)) == {
        "example.org/x": Layer.LINK,
        "example.org": Layer.DOMAIN,
    }
    assert len(posts.action_post) == 4
    assert posts.unread == ()


def test_rows_of_one_post_are_one_post(tmp_path: Path) -> None:
    file = tmp_path / "feed.csv"
    file.write_text(
        "account_id,post_id,url_id,timestamp\na,1,7,1629589836.0\na,1,8,1629589836.0\nb,1,7,1629589836.0\n"
    )
    posts = read_feeds([file])
    assert len(posts.time) == 2
    assert len(posts.action_post) == 3


def test_what_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    lines = [json.dumps(row) for row in ROWS * 3]
    file.write_text(
        "\n".join([*lines, "{no json", '{"account": "c"}', '{"a": "' + "x" * LINE_BYTES_LIMIT + '"}'])
    )
    posts = read_feeds([file])
    assert len(posts.unread) == 3
    assert "record 7: no JSON object" in posts.unread[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02 nothing", "neither JSON Lines nor Parquet"),
        (b"PAR1 and nothing more", "no Parquet"),
        (b'{"a": 1}\n{"b": 2}\n', "no post in these feeds"),
        (b"{1\n{2\n{3\n", "is no feed"),
    ],
)
def test_a_file_that_is_no_feed_is_refused_in_one_line(tmp_path: Path, body: bytes, said: str) -> None:
    file = tmp_path / "feed"
    file.write_bytes(body)
    with pytest.raises(FeedError, match=said) as caught:
        read_feeds([file])
    assert "\n" not in str(caught.value)


def test_a_feed_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="cannot be opened"):
        read_feeds([tmp_path / "none.csv"])


def test_links_tags_and_texts_are_found_in_the_text() -> None:
    gatherer = Gatherer()
    gatherer.add({"account": "a", "time": "2026-05-01T10:00:00Z", "text": "Look at this now #Vote https://a.example.co.uk/x?fbclid=1"}, "")  # fmt: skip
    posts = gatherer.posts()
    found = dict(zip(posts.layers.tolist(), [*posts.objects], strict=True))
    assert found == {
        Layer.LINK: "a.example.co.uk/x",
        Layer.DOMAIN: "example.co.uk",
        Layer.HASHTAG: "vote",
        Layer.TEXT: "look at this now vote",
    }


@given(st.text(max_size=200))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert text_of(text_of(text)) == text_of(text) or "İ" in text
    link_of("https://" + text)
    domain_of("https://" + text)
    seconds_of(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_strings_keep_what_they_are_given(texts: list[str]) -> None:
    strings = Strings()
    for text in texts:
        strings.append(text)
    assert [*strings] == texts


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 6), st.integers(0, 100)), max_size=60))
def test_the_network_is_what_a_slow_count_finds(actions: list[tuple[int, int, int]]) -> None:
    gatherer = Gatherer()
    for number, (account, thing, hours) in enumerate(actions):
        gatherer.add({"account": f"a{account}", "id": number, "time": hours * 3600, "image": f"o{thing}"}, "")
    made = actions_of(gatherer.posts())
    network = network_of(made)
    first: dict[tuple[int, int], float] = {}
    for account, thing, time in zip(
        made.account.tolist(), made.object.tolist(), made.time.tolist(), strict=True
    ):
        first[account, thing] = time
    wanted = {}
    for one in range(9):
        for other in range(one + 1, 9):
            both = [t for a, t in first if a == one and (other, t) in first]
            both = [t for t in both if abs(first[one, t] - first[other, t]) <= 7 * 86_400]
            days = {max(first[one, t], first[other, t]) // 86_400 for t in both}
            if len(days) >= 2:
                wanted[one, other] = len(days)
    found = {
        (a, b): n
        for a, b, n in zip(
            network.first.tolist(), network.second.tolist(), network.shared.tolist(), strict=True
        )
    }
    assert found == wanted
    assert np.all(network.weight > 0)

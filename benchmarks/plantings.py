"""Operations and honest crowds, planted into real posts by seed: what the measurement of coordination looks for and must not find."""

import csv
import lzma
from collections import defaultdict
from pathlib import Path

import numpy as np

START, SPAN_S = 1_629_064_892.0, 42 * 86_400.0
Record = dict[str, object]
Truth = dict[str, str]  # account -> operation, or `honest:...`


def background(data: Path) -> list[Record]:
    """Real posts around an election, one record a row."""
    return [dict(row) for row in _rows(data / "german_elections.csv.xz")]


def real(data: Path, accounts: int, seed: int, least: int = 4) -> tuple[list[Record], Truth]:
    """Some accounts of a known operation with all they did, moved into the span of the background."""
    did = defaultdict(list)
    for row in _rows(data / "russian_coord_tweets.csv.xz"):
        did[row["account_id"]].append(row)
    able = sorted(one for one, rows in did.items() if len(rows) >= least)
    chosen = np.random.default_rng(seed).choice(able, accounts, replace=False)
    records: list[Record] = []
    for one in chosen:
        for row in did[one]:
            time = START + (float(row["timestamp_share"]) - START) % SPAN_S
            records.append(
                {"account": f"op{one}", "id": row["content_id"], "time": time, "repost_of": row["object_id"]}
            )
    return records, {f"op{one}": "real" for one in chosen}


def simulated(name: str, seed: int, *, accounts: int, objects: int, share: float, delay_s: float, organic: float, known: list[Record]) -> tuple[list[Record], Truth]:  # fmt: skip
    """Accounts that each share some of the operation's links after a delay, and beside them what others share anyway.

    Args:
        name: of the operation.
        seed: of the draw.
        accounts: how many.
        objects: links of the operation.
        share: probability that an account shares a link.
        delay_s: longest delay behind the first, uniform.
        organic: share of their posts that repeat what the background shares.
        known: the background.
    """
    draw = np.random.default_rng(seed)
    records: list[Record] = []
    for thing in range(objects):
        begun = START + draw.random() * (SPAN_S - delay_s)
        for one in range(accounts):
            if draw.random() < share:
                link = f"https://{name}{seed}-{thing % 3}.example/{thing}"
                records.append(_post(f"{name}{seed}_{one}", begun + draw.random() * delay_s, link))
    others = [row for row in known if row.get("url_id")]
    for _ in range(int(len(records) * organic / max(0.01, 1 - organic))):
        row = others[draw.integers(len(others))]
        one = f"{name}{seed}_{draw.integers(accounts)}"
        records.append({"account": one, "time": float(str(row["timestamp"])) + draw.random() * 7200, "url_id": row["url_id"], "domain_id": row["domain_id"]})  # fmt: skip
    return records, {f"{name}{seed}_{one}": name for one in range(accounts)}


def news(seed: int, *, events: int, accounts: int, readers: int) -> tuple[list[Record], Truth]:
    """Bursts: each event is shared by some of many readers within hours, half of them on three links of it."""
    draw = np.random.default_rng(seed)
    records = []
    for event in range(events):
        begun = START + draw.random() * (SPAN_S - 86_400)
        for one in draw.choice(accounts, readers, replace=False):
            for part in draw.choice(3, draw.integers(1, 3), replace=False):
                delay = min(86_400.0, draw.lognormal(8.5, 1.2))
                records.append(_post(f"reader{seed}_{one}", begun + delay, f"https://news{event % 5}.example/{seed}/{event}/{part}"))  # fmt: skip
    return records, {str(row["account"]): "honest:news" for row in records}


def fans(seed: int, *, accounts: int, things: int, passers: int) -> tuple[list[Record], Truth]:
    """Those who share what one artist publishes, within days, some ardent; passers-by share a piece now and then."""
    draw = np.random.default_rng(seed)
    ardour = draw.beta(1.2, 3, accounts)
    records = []
    for thing in range(things):
        begun = START + draw.random() * (SPAN_S - 86_400 * 3)
        who = [f"fan{seed}_{one}" for one in range(accounts) if draw.random() < ardour[one]]
        who += [f"passer{seed}_{one}" for one in draw.integers(0, passers * 20, passers)]
        link = f"https://artist{seed}.example/{thing}"
        records += [_post(one, begun + min(86_400 * 3.0, draw.lognormal(9.5, 1.5)), link) for one in who]
    lives = [(draw.integers(accounts), draw.random(), draw.zipf(1.5)) for _ in range(accounts * 15)]
    records += [
        _post(f"fan{seed}_{one}", START + at * SPAN_S, f"https://life.example/{seed}/{page}")
        for one, at, page in lives
    ]
    return records, {str(row["account"]): "honest:fans" for row in records}


def bots(seed: int, *, accounts: int, each: int) -> tuple[list[Record], Truth]:
    """Weather of many towns by the hour: bots that say so, one site, a page and two tags each."""
    draw = np.random.default_rng(seed)
    records: list[Record] = []
    for one in range(accounts):
        for step in range(each):
            time = START + step * SPAN_S / each + draw.random() * 20
            records.append({**_post(f"bot{seed}_{one}", time, f"https://weather.example/{one}/{step}"), "hashtags": f"weather day{step}", "declared": "1"})  # fmt: skip
    return records, {f"bot{seed}_{one}": "honest:bots" for one in range(accounts)}


def planting(data: Path, known: list[Record], seed: int, size: int) -> tuple[list[Record], Truth]:
    """The known operation at one size, four simulated ones and three honest crowds, all at once."""
    parts = [
        real(data, size, seed),
        simulated("sync", seed, accounts=30, objects=15, share=0.5, delay_s=60, organic=0.3, known=known),
        simulated(
            "jitter", seed, accounts=40, objects=20, share=0.4, delay_s=21_600, organic=0.5, known=known
        ),
        simulated(
            "slow", seed, accounts=40, objects=25, share=0.35, delay_s=4 * 86_400, organic=0.5, known=known
        ),
        simulated(
            "sparse", seed, accounts=60, objects=40, share=0.15, delay_s=86_400, organic=0.6, known=known
        ),
        news(seed, events=25, accounts=3_000, readers=300),
        fans(seed, accounts=120, things=30, passers=40),
        bots(seed, accounts=40, each=42),
    ]
    records = [*known]
    truth: Truth = {}
    for rows, names in parts:
        records += rows
        truth |= names
    return records, truth


def _post(account: str, time: float, link: str) -> Record:
    return {"account": account, "time": time, "url": link}


def _rows(file: Path) -> list[dict[str, str]]:
    with lzma.open(file, "rt", encoding="utf-8", newline="") as stream:
        return [*csv.DictReader(stream)]

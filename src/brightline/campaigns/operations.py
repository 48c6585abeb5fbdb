"""Accounts that act together: a backbone of edges that chance does not explain, communities in it, each with its evidence.

An account's score is what it shares with its community, in nats by how rare and how exclusive, times the logarithm of its
partners and the community's density. Scores order accounts and operations; they are no probabilities, and nobody is caught by one alone.
"""

from collections.abc import Iterable

import msgspec
import numpy as np
from scipy.sparse import coo_matrix
from scipy.stats import poisson

from brightline.campaigns.network import Actions, Network, actions_of, network_of
from brightline.campaigns.posts import Doubles, Layer, Numbers, Posts
from brightline.core.errors import FeedError

FALSE_EDGES = 0.01  # expected share of edges of chance among those kept [benjamini1995]
LEAST_ACCOUNTS = 3  # of an operation; two that act alike may be one person
SEED = 20260101  # of the communities: the same feeds give the same answer


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """An object on which two accounts acted: when each did first, and how rare it is in nats."""

    layer: str
    name: str
    first_time: float
    second_time: float
    rarity: float


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts of one community, the strongest first.

    Attributes:
        accounts: numbers of the accounts.
        score: mean of their scores.
        exclusive: share of those who acted on their objects that belong to them, weighed by rarity.
        density: share of all pairs of them that the backbone holds.
        quick: share of occasions at which a pair of them acted within a minute.
        edges: numbers of the backbone's edges among them.
    """

    accounts: tuple[int, ...]
    score: float
    exclusive: float
    density: float
    quick: float
    edges: tuple[int, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in some posts.

    Attributes:
        posts: the posts.
        actions: what undeclared accounts did.
        backbone: the edges that chance does not explain.
        scores: (accounts,) 0 where nothing speaks for an account acting with others.
        operations: highest score first.
    """

    posts: Posts
    actions: Actions
    backbone: Network
    scores: Doubles
    operations: tuple[Operation, ...]


def find(posts: Posts) -> Report:
    """Find the accounts that act together.

    Raises:
        FeedError: the extra `campaigns` is not installed.
    """
    actions = actions_of(posts)
    backbone = significant(network_of(actions), actions)
    accounts = len(posts.accounts)
    community = _communities(backbone, accounts)
    partners = np.bincount(np.concatenate([backbone.first, backbone.second]), minlength=accounts)
    theirs = community[actions.account] << 32 | actions.object
    _, place, counts = np.unique(theirs, return_inverse=True, return_counts=True)
    inside = np.where((partners[actions.account] > 0) & (counts[place] > 1), counts[place], 0)
    common: Doubles = actions.rarity[actions.object] * (inside > 0)
    own = common * inside / actions.reach[actions.object]
    held = _summed(actions.account, own, accounts)
    all_common = _summed(actions.account, common, accounts)
    within = _partners_within(backbone, community, accounts)
    scores: Doubles = held * np.log1p(within) * _density(community, within, accounts)
    operations = _operations(backbone, community, partners, scores, held, all_common)
    return Report(posts=posts, actions=actions, backbone=backbone, scores=scores, operations=operations)


def significant(network: Network, actions: Actions) -> Network:
    """The edges with more occasions than two accounts as active as these have by chance, false ones below 1 %.

    Chance is the bipartite configuration model: accounts keep how much they do, objects how many act on them, and who
    acts on what is drawn anew; occasions are then nearly Poisson. Only objects at least as rare as the edge's are on average
    can be met on: else a domain that everybody links would make any pair likely. Source: [saracco2017] with the approximation for
    sparse graphs; [benjamini1995] for many edges at once.
    """
    total = len(actions.object)
    if not total or not len(network.first):
        return network
    degree = np.bincount(actions.account)
    order = np.argsort(-actions.rarity, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum((actions.reach[order] / total) ** 2)])
    typical = network.weight / network.shared
    chance = sums[np.searchsorted(-actions.rarity[order], -typical + 1e-9, side="right")]
    expected = degree[network.first] * degree[network.second] * chance
    p = poisson.sf(network.shared - 1, expected)
    active = int(np.count_nonzero(degree))
    order = np.argsort(p, kind="stable")
    bounds = FALSE_EDGES * np.arange(1, len(p) + 1) / (active * (active - 1) / 2)
    below = np.flatnonzero(p[order] <= bounds)
    kept = np.sort(order[: below[-1] + 1]) if len(below) else np.zeros(0, np.int64)
    return Network(**{name: getattr(network, name)[kept] for name in Network.__struct_fields__})


def evidence(report: Report, edge: int) -> list[Shared]:
    """What the two accounts of an edge have in common, the rarest first."""
    one, other = int(report.backbone.first[edge]), int(report.backbone.second[edge])
    did = [np.flatnonzero(report.actions.account == who) for who in (one, other)]
    things, here, there = np.intersect1d(
        report.actions.object[did[0]], report.actions.object[did[1]], assume_unique=True, return_indices=True
    )
    found = [
        Shared(
            layer=Layer(int(report.posts.layers[thing])).name.lower(),
            name=report.posts.objects[int(thing)],
            first_time=float(report.actions.time[did[0][left]]),
            second_time=float(report.actions.time[did[1][right]]),
            rarity=float(report.actions.rarity[thing]),
        )
        for thing, left, right in zip(things, here, there, strict=True)
    ]
    return sorted(found, key=lambda one: -one.rarity)


def _communities(network: Network, accounts: int) -> Numbers:
    """(accounts,) number of the community of each, by Louvain over the edges' weights [blondel2008]."""
    if not len(network.first):
        return np.arange(accounts)
    try:
        from sknetwork.clustering import Louvain
    except ImportError:
        raise FeedError(
            "communities need the extra `campaigns`: pip install 'brightline[campaigns]'"
        ) from None
    ends = np.concatenate([network.first, network.second]), np.concatenate([network.second, network.first])
    matrix = coo_matrix((np.tile(network.weight, 2), ends), shape=(accounts, accounts)).tocsr()
    return np.asarray(Louvain(random_state=SEED).fit_predict(matrix), np.int64)


def _partners_within(network: Network, community: Numbers, accounts: int) -> Numbers:
    within = community[network.first] == community[network.second]
    return np.bincount(np.concatenate([network.first[within], network.second[within]]), minlength=accounts)


def _density(community: Numbers, within: Numbers, accounts: int) -> Doubles:
    """(accounts,) share of the pairs of the account's community that are edges: of fans or readers few know each other's half."""
    size = np.bincount(community, weights=within > 0, minlength=accounts)
    ends = np.bincount(community, weights=within, minlength=accounts)
    density: Doubles = np.where(size >= LEAST_ACCOUNTS, ends / np.maximum(size * (size - 1), 1), 0.0)
    return density[community]


def _operations(
    network: Network, community: Numbers, partners: Numbers, scores: Doubles, held: Doubles, common: Doubles
) -> tuple[Operation, ...]:
    linked = np.flatnonzero(partners > 0)
    within = np.flatnonzero(community[network.first] == community[network.second])
    edges = _by(community[network.first[within]], within)
    made = []
    for number, members in _by(community[linked], linked).items():
        if len(members) < LEAST_ACCOUNTS:
            continue
        inner = edges.get(number, np.zeros(0, np.int64))
        strongest = members[np.argsort(-scores[members], kind="stable")]
        made.append(
            Operation(
                accounts=tuple(strongest.tolist()),
                score=float(scores[members].mean()),
                exclusive=float(held[members].sum() / max(common[members].sum(), 1e-9)),
                density=len(inner) / (len(members) * (len(members) - 1) / 2),
                quick=float(network.quick[inner].sum() / max(1, network.shared[inner].sum())),
                edges=tuple(inner.tolist()),
            )
        )
    return tuple(sorted(made, key=lambda one: -one.score))


def _summed(groups: Numbers, values: Doubles, size: int) -> Doubles:
    return np.bincount(groups, weights=values, minlength=size).astype(np.float64)


def _by(groups: Numbers, values: Numbers) -> dict[int, Numbers]:
    order = np.argsort(groups, kind="stable")
    names, starts = np.unique(groups[order], return_index=True)
    pieces: Iterable[Numbers] = np.split(values[order], starts[1:]) if len(names) else ()
    return dict(zip(names.tolist(), pieces, strict=True))

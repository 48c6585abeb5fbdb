"""Pairs of accounts that act on the same objects, in bounded memory.

Each action is paired with at most the next `FOLLOWERS_LIMIT` on the same object: a burst of news has thousands, and all their
pairs are millions that say nothing. Pairs are made in as many passes as memory asks for, each over some of the accounts.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from brightline.campaigns.posts import Doubles, Layer, Numbers, Posts

WINDOW_S = 7 * 86_400  # slow campaigns share an object within days
FOLLOWERS_LIMIT = 40  # of one action on the same object
LEAST_SHARED = 2  # occasions of a pair that is kept: one in common is no habit
PAIRS_LIMIT = 12_000_000  # co-actions of one pass, 500 MB
OCCASION_S = 86_400.0  # what is shared on one day is one event's, and happens once
QUICK_S = 60.0  # two actions so close are one's script as soon as it happens again and again

Floats = npt.NDArray[np.float32]

# A domain or a tag is shared by many who share nothing else; a picture or a copied text seldom is.
LAYER_WEIGHT = {
    Layer.LINK: 1.0,
    Layer.DOMAIN: 0.25,
    Layer.HASHTAG: 0.5,
    Layer.IMAGE: 1.0,
    Layer.REPOST: 1.0,
    Layer.REPLY: 0.5,
    Layer.TEXT: 1.0,
}


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts and what holds between them.

    Attributes:
        first: (edges,) account, the lower number.
        second: (edges,) account.
        shared: (edges,) days on which the later of the two acted on an object of both.
        weight: (edges,) sum of the rarity of these, in nats.
        quick: (edges,) how many of these lie within a minute of each other.
        gap: (edges,) median of the seconds between, as its logarithm.
    """

    first: Numbers
    second: Numbers
    shared: Numbers
    weight: Doubles
    quick: Numbers
    gap: Doubles


class Actions(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, ordered by object and time; an account's first action on an object stands for all.

    Attributes:
        object: (actions,).
        account: (actions,).
        post: (actions,).
        time: (actions,) seconds.
        rarity: (objects,) weight of the layer, times the logarithm of active accounts per account that acted on it.
        reach: (objects,) accounts that acted on it.
    """

    object: Numbers
    account: Numbers
    post: Numbers
    time: Doubles
    rarity: Doubles
    reach: Numbers


def actions_of(posts: Posts) -> Actions:
    """The actions of all accounts that do not declare what they are."""
    account = posts.account[posts.action_post]
    time = posts.time[posts.action_post]
    kept = np.flatnonzero(~posts.declared[account])
    kept = kept[np.lexsort((time[kept], account[kept], posts.action_object[kept]))]
    thing, who = posts.action_object[kept], account[kept]
    is_first = np.ones(len(kept), np.bool_)
    is_first[1:] = (thing[1:] != thing[:-1]) | (who[1:] != who[:-1])
    kept = kept[is_first]
    kept = kept[np.lexsort((time[kept], posts.action_object[kept]))]
    reach = np.bincount(posts.action_object[kept], minlength=len(posts.layers))
    active = max(2, len(np.unique(account[kept])))
    weights = np.array([LAYER_WEIGHT[layer] for layer in Layer])
    rarity = weights[posts.layers] * np.log(active / np.maximum(reach, 1)).clip(min=0.1)
    return Actions(
        object=posts.action_object[kept],
        account=account[kept],
        post=posts.action_post[kept],
        time=time[kept],
        rarity=rarity,
        reach=reach,
    )


def network_of(actions: Actions, window_s: float = WINDOW_S) -> Network:
    """All pairs with objects in common on at least two days, each acted on within the window."""
    total = sum(len(left) for left, _ in _followed(actions, window_s))
    passes = max(1, -(-total // PAIRS_LIMIT))
    part = (actions.account * 0x9E3779B1 >> 7) % passes
    pieces = [_edges(actions, window_s, part == one if passes > 1 else None) for one in range(passes)]
    joined = {
        name: np.concatenate([getattr(one, name) for one in pieces]) for name in Network.__struct_fields__
    }
    return Network(**joined)


def _followed(actions: Actions, window_s: float) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of actions on one object, by their distance in its order."""
    here = np.arange(len(actions.object))
    for step in range(1, FOLLOWERS_LIMIT + 1):
        here = here[here + step < len(actions.object)]
        there = here + step
        here = here[
            (actions.object[here] == actions.object[there])
            & (actions.time[there] - actions.time[here] <= window_s)
        ]  # who has no step-th follower has no later one either
        if not len(here):
            return
        yield here, here + step


def _edges(actions: Actions, window_s: float, chosen: npt.NDArray[np.bool_] | None) -> Network:
    """Edges whose lower account is chosen."""
    lefts, rights = [], []
    for left, right in _followed(actions, window_s):
        swap = actions.account[left] > actions.account[right]
        low, high = np.where(swap, right, left), np.where(swap, left, right)
        if chosen is not None:
            held = chosen[low]
            low, high = low[held], high[held]
        lefts.append(low.astype(np.int32))
        rights.append(high.astype(np.int32))
    low = np.concatenate(lefts) if lefts else np.zeros(0, np.int32)
    high = np.concatenate(rights) if rights else np.zeros(0, np.int32)
    return _summed(actions, low, high)


def _summed(actions: Actions, low: npt.NDArray[np.int32], high: npt.NDArray[np.int32]) -> Network:
    """One edge a pair of accounts; of the objects of one day the rarest counts: the links, domains and tags of an event are one."""
    keys = actions.account[low] << 32 | actions.account[high]
    low, high, keys = _repeated(low, high, keys)
    day = (np.maximum(actions.time[low], actions.time[high]) // OCCASION_S).astype(np.int64)
    rarity = actions.rarity[actions.object[low]]
    order = np.lexsort((-rarity, day, keys))
    low, high, keys, rarity, day = low[order], high[order], keys[order], rarity[order], day[order]
    is_first = _begins(keys) | _begins(day)
    low, high, keys, rarity = low[is_first], high[is_first], keys[is_first], rarity[is_first]
    gap = np.abs(actions.time[low] - actions.time[high])
    order = np.lexsort((gap, keys))
    keys, rarity, gap = keys[order], rarity[order], gap[order]
    starts = np.flatnonzero(_begins(keys))[: len(keys)]
    shared = np.diff(np.append(starts, len(keys)))
    kept = shared >= LEAST_SHARED
    starts, shared = starts[kept], shared[kept]
    sums = np.concatenate([[0.0], np.cumsum(rarity)])
    quick = np.concatenate([[0], np.cumsum(gap <= QUICK_S)])
    return Network(
        first=keys[starts] >> 32,
        second=keys[starts] & 0xFFFFFFFF,
        shared=shared,
        weight=sums[starts + shared] - sums[starts],
        quick=quick[starts + shared] - quick[starts],
        gap=np.log1p(gap[starts + shared // 2]) if len(starts) else np.zeros(0),
    )


def _repeated(
    low: npt.NDArray[np.int32], high: npt.NDArray[np.int32], keys: Numbers
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Numbers]:
    """Without pairs that meet once only, which are most: sorting is what costs."""
    buckets = (keys * 0x9E3779B97F4A7C1 >> 20) & 0xFFFFFF
    met = np.bincount(buckets, minlength=1 << 24) >= LEAST_SHARED
    held = met[buckets]
    return low[held], high[held], keys[held]


def _begins(values: Numbers) -> npt.NDArray[np.bool_]:
    begins = np.ones(len(values), np.bool_)
    begins[1:] = values[1:] != values[:-1]
    return begins

"""The network's training: what `brightline.detectors.exchange.model.network` computes, in torch, with its fit.

Texts are drawn by weight, both heads learn together where a truth is known, and a piece in eight is blanked, so that no
single word decides. Five passes over 8,000 draws: more passes fit the sources and not the task.
"""

from dataclasses import dataclass

import numpy as np
import torch
from corpus import Row
from folds import TASKS, known, weights
from torch import nn
from vectors import DIRECTIONS, Vectors

WIDTH = 64
LOOKS = 8
BATCH = 64
PASSES, DRAWN = 5, 8_000
BLANKED = 0.12
SOFT = 0.03  # how far the truths stand from 0 and 1
LOUD = 8.0  # the vector of length 1, times this
HARM_SHARE = 0.7
RATE, DECAY = 2e-3, 0.02


class Net(nn.Module):
    """Names of layers are those of the first experiments; `export` gives them the names that ship."""

    def __init__(self) -> None:
        super().__init__()
        wide = WIDTH
        self.inp = nn.Linear(DIRECTIONS, wide)
        self.d1 = nn.Conv1d(wide, wide, 7, padding=3, groups=wide)
        self.p1 = nn.Linear(wide, wide)
        self.d2 = nn.Conv1d(wide, wide, 7, padding=9, dilation=3, groups=wide)
        self.p2 = nn.Linear(wide, wide)
        self.att = nn.Linear(wide, LOOKS)
        self.sent = nn.Linear(512, 64)
        self.m1 = nn.Linear(wide * LOOKS + wide + 64, 64)
        self.m2 = nn.Linear(64, 2)
        self.lin = nn.Linear(512, 2)
        self.drop = nn.Dropout(0.3)

    def forward(self, states: torch.Tensor, mask: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        """(texts, 2) log-odds, of (texts, pieces, 320) states, which of them are there, and (texts, 512) vectors."""
        rows = torch.relu(self.inp(self.drop(states))) * mask[..., None]
        for along, mix in ((self.d1, self.p1), (self.d2, self.p2)):
            rows = rows + torch.relu(mix(along(rows.transpose(1, 2)).transpose(1, 2))) * mask[..., None]
        looks = self.att(rows).masked_fill(~mask[..., None], -1e4).softmax(1)
        seen = torch.einsum("bth,btw->bhw", looks, rows).flatten(1)
        most = rows.masked_fill(~mask[..., None], 0).amax(1)
        joined = torch.cat([seen, most, torch.relu(self.sent(self.drop(vector)))], 1)
        return self.m2(self.drop(torch.relu(self.m1(self.drop(joined))))) + self.lin(vector)


@dataclass
class Fitted:
    """A network and how its states are scaled."""

    net: Net
    scale: float  # states are multiplied by it


def fit(
    rows: list[Row],
    held: Vectors,
    chosen: np.ndarray,
    *,
    seed: int = 0,
    passes: int = PASSES,
    drawn: int = DRAWN,
) -> Fitted:
    """A network of the rows that are chosen (a mask over all)."""
    draw = np.random.default_rng(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    scale = float(1 / np.sqrt((held.states[::997].astype(np.float32) ** 2).mean()))
    truths, share = _shares(rows, chosen)
    net = Net()
    adam = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        adam, RATE, total_steps=passes * (drawn // BATCH) + 1, pct_start=0.15
    )
    sizes = np.diff(held.places)
    for _ in range(passes):
        ids = draw.choice(len(rows), drawn, p=share)
        ids = ids[np.argsort(sizes[ids] + draw.random(drawn) * 20)]  # texts of like length together
        batches = [ids[at : at + BATCH] for at in range(0, drawn - BATCH + 1, BATCH)]
        for number in draw.permutation(len(batches)):
            _step(net, adam, held, batches[number], truths, scale, draw)
            pace.step()
    net.eval()
    return Fitted(net, scale)


def scores(model: Fitted, held: Vectors, ids: np.ndarray) -> np.ndarray:
    """(texts, 2) log-odds of attack and harm."""
    found = np.zeros((len(ids), 2))
    order = np.argsort(np.diff(held.places)[ids])
    with torch.no_grad():
        for at in range(0, len(order), 2 * BATCH):
            some = order[at : at + 2 * BATCH]
            found[some] = model.net(*_batch(held, ids[some], model.scale, None)).numpy()
    return found


def held_out(rows: list[Row], held: Vectors, folds: np.ndarray) -> np.ndarray:
    """(texts, 2) scores by networks that saw nothing of a text's fold."""
    found = np.zeros((len(rows), 2))
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        found[out] = scores(fit(rows, held, folds != fold), held, out)
    return found


def export(model: Fitted, directions: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays that ship, as the detector names and lays them out, float16."""
    state = {name: array.numpy() for name, array in model.net.state_dict().items()}
    named = {
        "in": directions @ state["inp.weight"].T * model.scale, "in_bias": state["inp.bias"],
        "first": state["d1.weight"][:, 0].T, "first_bias": state["d1.bias"],
        "first_mix": state["p1.weight"].T, "first_mix_bias": state["p1.bias"],
        "second": state["d2.weight"][:, 0].T, "second_bias": state["d2.bias"],
        "second_mix": state["p2.weight"].T, "second_mix_bias": state["p2.bias"],
        "look": state["att.weight"].T, "look_bias": state["att.bias"],
        "whole": state["sent.weight"].T, "whole_bias": state["sent.bias"],
        "hidden": state["m1.weight"].T, "hidden_bias": state["m1.bias"],
        "out": state["m2.weight"].T, "out_bias": state["m2.bias"],
        "straight": state["lin.weight"].T, "straight_bias": state["lin.bias"],
    }  # fmt: skip
    return {f"net.{name}": np.ascontiguousarray(array, np.float16) for name, array in named.items()}


def _shares(rows: list[Row], chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    truths, share = np.full((len(rows), 2), np.nan, np.float32), np.zeros(len(rows))
    for column, task in enumerate(TASKS):
        places, truth = known(rows, task)
        inside = chosen[places]
        places, truth = places[inside], truth[inside]
        truths[places, column] = truth
        share[places] += weights([rows[number] for number in places], truth) * (1, HARM_SHARE)[column]
    return truths, share / share.sum()


def _step(
    net: Net,
    adam: torch.optim.Optimizer,
    held: Vectors,
    ids: np.ndarray,
    truths: np.ndarray,
    scale: float,
    draw: np.random.Generator,
) -> None:
    told = torch.from_numpy(truths[ids])
    is_known = ~torch.isnan(told)
    wanted = torch.where(is_known, told, torch.zeros_like(told)) * (1 - 2 * SOFT) + SOFT
    lost = nn.functional.binary_cross_entropy_with_logits(
        net(*_batch(held, ids, scale, draw)), wanted, reduction="none"
    )
    loss = (lost * is_known).sum() / is_known.sum()
    adam.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    adam.step()


def _batch(
    held: Vectors, ids: np.ndarray, scale: float, draw: np.random.Generator | None
) -> tuple[torch.Tensor, ...]:
    sizes = np.diff(held.places)[ids]
    states = np.zeros((len(ids), int(sizes.max()), DIRECTIONS), np.float32)
    mask = np.zeros(states.shape[:2], bool)
    for number, one in enumerate(ids):
        states[number, : sizes[number]] = held.states[held.places[one] : held.places[one + 1]]
        mask[number, : sizes[number]] = True
    states *= scale
    if draw is not None:
        states *= draw.random((*states.shape[:2], 1)) > BLANKED
    return (
        torch.from_numpy(states),
        torch.from_numpy(mask),
        torch.from_numpy(held.vectors[ids] * np.float32(LOUD)),
    )

"""The networks that are compared: a small residual network (ships), the same with max-feature-maps (LCNN [wu2018])."""

import itertools

import torch
from torch import Tensor, nn

WIDTHS = (16, 24, 40, 64)


class Ear(nn.Module):
    """Log power (N, BANDS, frames) to logit (N,), positive = synthetic.

    Each band's mean over time is taken off first: microphone, room and equaliser stand in it, and a clip's loudness.
    Time is pooled to mean and spread; frequency is kept until the last layer, since traces have their place in it.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS, drop: float = 0.4) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, (2, 2), 2, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        pairs = list(itertools.pairwise(widths))
        self.blocks = nn.Sequential(
            *[Residual(before, after, 2) for before, after in pairs], Residual(widths[-1], widths[-1], 1)
        )
        self.drop = nn.Dropout(drop)
        self.last = nn.Linear(widths[-1] * 8 * 2, 1)

    def forward(self, log_power: Tensor) -> Tensor:
        """(N,) logits."""
        flat = (log_power - log_power.mean(2, keepdim=True)) / 2.0
        seen = self.blocks(self.stem(flat[:, None]))
        middle = seen.mean(3)
        spread = ((seen - middle[..., None]) ** 2).mean(3).add(1e-5).sqrt()
        return self.last(self.drop(torch.cat([middle, spread], 1).flatten(1)))[:, 0]


class Residual(nn.Module):
    """Two 3x3 convolutions beside a short cut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
        )
        self.two = nn.Sequential(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        same = before == after and stride == 1
        short = [
            nn.AvgPool2d(stride, ceil_mode=True),
            nn.Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after),
        ]
        self.short = nn.Identity() if same else nn.Sequential(*short)

    def forward(self, seen: Tensor) -> Tensor:
        """Half the size at stride 2."""
        return torch.relu(self.two(self.one(seen)) + self.short(seen))


class Light(nn.Module):
    """LCNN of about 90,000 parameters on log power as it is: the baseline that the brief measured elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            Halves(1, 16, 5), nn.MaxPool2d(2), Halves(16, 24, 3), nn.BatchNorm2d(24), nn.MaxPool2d(2),
            Halves(24, 32, 3), nn.BatchNorm2d(32), nn.MaxPool2d(2), Halves(32, 48, 3), nn.BatchNorm2d(48), nn.MaxPool2d(2),
            Halves(48, 48, 3), nn.BatchNorm2d(48),
        )  # fmt: skip
        self.last = nn.Sequential(nn.Dropout(0.5), nn.Linear(48 * 8, 1))

    def forward(self, log_power: Tensor) -> Tensor:
        """(N,) logits."""
        return self.last(self.body((log_power[:, None] + 6) / 3).mean(3).flatten(1))[:, 0]


class Halves(nn.Module):
    """A convolution whose halves compete: the larger wins (max-feature-map)."""

    def __init__(self, before: int, after: int, size: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(before, after * 2, size, 1, size // 2)

    def forward(self, seen: Tensor) -> Tensor:
        """Half of the channels remain."""
        left, right = self.inner(seen).chunk(2, 1)
        return torch.maximum(left, right)

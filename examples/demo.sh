#!/usr/bin/env bash
# The demo that `make demo` runs: judge the examples, explain one decision, verify the ledger three ways. Offline.
# Usage: examples/demo.sh [FOLDER]   with `brightline` and its Python first in PATH; FOLDER is build/demo.
# Run it again and it resumes: what the ledger has is not judged again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

demo=${1:-build/demo}
report=$demo/report.html
answers=$demo/answers.jsonl
export BRIGHTLINE_HOME=$demo/home
mkdir -p "$demo"

step() { printf '\n== %s\n' "$*"; }

expect_caught() { # the examples hold things to be caught: anything but exit code 1 is a failure
  local code=0
  "$@" || code=$?
  (( code == 1 )) && return
  echo "demo: \`$1 $2\` ended with $code, expected 1" >&2
  exit 2
}

step "Judge the examples: brightline scan examples --report $report"
expect_caught brightline scan examples --report "$report"

step "Why is the letter of application blocked? brightline explain"
letter=$(sha256sum examples/document/application.docx)
brightline explain "${letter%% *}"

step "Verify the ledger: brightline ledger verify"
brightline ledger verify

step "Verify its public tiles with one file that needs nothing else of Brightline"
brightline ledger export "$demo/ledger"
python -I src/brightline/ledger/verify.py "$demo/ledger" --key "$(brightline ledger key)"

step "Recompute every decision from its stored inputs: brightline replay"
brightline replay

step "Mark a picture as generated and read the mark back: brightline mark"
brightline mark examples/image/cat.jpg -o "$demo/marked.jpg" --producer Example-Studio
brightline mark verify "$demo/marked.jpg"

step "Judge again: all of it is in the ledger, so nothing is examined twice"
expect_caught brightline scan examples --json --quiet > "$answers"
for action in block review label allow; do
  printf '%-7s %s\n' "$action" "$(grep -c "^{\"action\":\"$action\"" "$answers" || true)"
done
echo "report: $report"
echo "ledger verified"

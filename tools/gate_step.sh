#!/usr/bin/env bash
# One step of a pipeline: runs `brightline gate` with what the environment says and ends with its exit code.
# Inputs come as lines in variables, never as words of a script, so that no file name runs as a command.
#   GATE_PATHS    models and data sets, one a line        GATE_POLICY   packs, one a line
#   GATE_OPTIONS  more options, one a line                GATE_INSTALL  what pip installs, or empty
#   GATE_REPORTS  folder for the reports [brightline]
set -uo pipefail

if [ -n "${GATE_INSTALL:-}" ]; then
  python -m pip install --quiet -- "$GATE_INSTALL" || exit 4
fi
reports="${GATE_REPORTS:-brightline}"
mkdir -p -- "$reports" || exit 4
arguments=(--home "$reports/home" --format github
  --output "json=$reports/gate.json" --output "sarif=$reports/gate.sarif"
  --output "junit=$reports/gate.xml" --output "gitlab=$reports/gl-code-quality.json")
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || arguments+=(--output "markdown=$GITHUB_STEP_SUMMARY")
while IFS= read -r line; do [ -z "$line" ] || arguments+=(--policy "$line"); done <<<"${GATE_POLICY:-}"
while IFS= read -r line; do [ -z "$line" ] || arguments+=("$line"); done <<<"${GATE_OPTIONS:-}"
arguments+=(--)
while IFS= read -r line; do [ -z "$line" ] || arguments+=("$line"); done <<<"${GATE_PATHS:-}"

code=0
brightline gate "${arguments[@]}" || code=$?
[ -z "${GITHUB_OUTPUT:-}" ] || echo "exit-code=$code" >>"$GITHUB_OUTPUT"
exit "$code"

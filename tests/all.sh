#!/usr/bin/env bash
# Runs every test, says at which step it is, goes on after a failure, and sums up at the end. Called by `make test`,
# which has installed and built what is needed; JOBS and PYTEST come from there.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=build/reports
mkdir -p "$logs"
summary=()
failures=0

# step NAME COMMAND...: runs it with its output shown and kept; the closing line goes into the summary.
step() {
  local name=$1 began=$SECONDS status
  shift
  echo "==> $name"
  "$@" 2>&1 | tee "$logs/$name.log"
  status=${PIPESTATUS[0]}
  [ "$status" = 0 ] || failures=$((failures + 1))
  summary+=("$(printf '%-16s %-6s %4d s  %s' "$name" "$([ "$status" = 0 ] && echo passed || echo FAILED)" \
    $((SECONDS - began)) "$(grep -aE "$CLOSING" "$logs/$name.log" | tail -1)")")
}

# What ctest and pytest close with, and the fuzzer's last word.
CLOSING='^(=+ )?[0-9]+ (passed|failed).* in |tests passed|tests failed|^#[0-9]+.*DONE|^Done [0-9]+ runs'

step lint make --no-print-directory lint
step engine env DDSP_RT_HOURS=1 ctest --test-dir build/dev --no-tests=error --output-on-failure -j "$JOBS"
step floors make --no-print-directory floors
step wheel make --no-print-directory wheel-test
step fuzz make --no-print-directory fuzz FUZZ_SECONDS=5
step python $PYTEST --dist worksteal

echo "==> summary"
printf '%s\n' "${summary[@]}"
[ "$failures" = 0 ] || { echo "$failures of ${#summary[@]} steps failed; their output lies in $logs"; exit 1; }

#!/usr/bin/env bash
# Runs the engine's tests against each planted fault, JOBS faults at a time, and says which test case caught it. Fails
# when a fault survives, and when the tests do not end with it: that nobody waited for the end is no catch.
# usage: catch.sh BUILD_FOLDER [FAULT...]
set -eu
export TESTS=$1/engine/engine_tests
shift
mapfile -t names < "$(dirname "$TESTS")/mutated/names.txt"
[ $# -gt 0 ] && names=("$@")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Without any fault all tests pass. Those that take long, half the time together, come second: most faults never see
# them. Sessions of hours would take too long here.
if ! DDSP_RT_PLANTED=none "$TESTS" --test-case-exclude='Long*' --duration >"$folder/none" 2>&1; then
  echo "the tests fail without any fault planted:"
  tail -20 "$folder/none"
  exit 1
fi
# In a list of names a comma would part two, and a question mark stands for any letter.
SLOW=$(grep -aP '^[\d.]+ s: ' "$folder/none" | sort -rn | tr ',' '?' | awk -F' s: ' '
  { seconds[NR] = $1; name[NR] = $2; all += $1 }
  END { for (i = 1; passed < all / 2; ++i) { passed += seconds[i]; print name[i] } }' | paste -sd,)
export SLOW

# catch FAULT: the tests up to the first that fails. They take half a minute of a processor's time when all of them
# pass; the limit by the clock is for tests that wait.
catch() {
  local log status=0 outcome
  log=$(mktemp)
  ulimit -t 300
  for filter in --test-case-exclude="$SLOW,Long*" --test-case="$SLOW"; do
    DDSP_RT_PLANTED=$1 timeout 1800 "$TESTS" "$filter" --abort-after=1 >"$log" 2>&1 || status=$?
    [ $status = 0 ] || break
  done
  case $status in
    0) outcome=SURVIVED ;;
    124 | 137 | 152) outcome="NO END" ;;  # by the clock; by the processor's time, as a shell tells of two signals
    *) outcome=$(grep -am1 -oP 'TEST CASE:\s*\K.*' "$log" || echo "a crash before any test") ;;
  esac
  printf '%-40s %s\n' "$1" "$outcome"
  rm -f "$log"
}
export -f catch

printf '%-40s %s\n' "planted fault" "caught by"
printf '%s\n' "${names[@]}" | xargs -P "${JOBS:-$(nproc)}" -I{} bash -c 'catch {} 2>/dev/null' | tee "$folder/outcomes"
missed=$(grep -acE ' (SURVIVED|NO END)$' "$folder/outcomes" || true)
echo "$((${#names[@]} - missed)) of ${#names[@]} planted faults were caught"
[ "$missed" = 0 ] && [ "$(wc -l <"$folder/outcomes")" = ${#names[@]} ]

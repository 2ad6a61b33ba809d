#!/usr/bin/env bash
# Runs the engine's tests against each planted fault, and says which test case caught it. Fails when one survives.
# usage: catch.sh BUILD_FOLDER [FAULT...]
set -eu
tests=$1/engine/engine_tests
shift
mapfile -t names < "$(dirname "$tests")/mutated/names.txt"
[ $# -gt 0 ] && names=("$@")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The tests of what plays come first, since they catch most; those of long sessions would take too long.
playing=$(cd "$(dirname "$0")/../tests" && grep -l '"rigs.h"' ./*_test.cpp | sed 's#^\./#*#' | paste -sd,)

# run FAULT: the tests up to the first that fails.
run() {
  DDSP_RT_PLANTED=$1 timeout 300 "$tests" --source-file="$playing" --abort-after=1 >"$log" 2>&1 &&
    DDSP_RT_PLANTED=$1 timeout 300 "$tests" --source-file-exclude="$playing" --test-case-exclude='Long*' \
      --abort-after=1 >"$log" 2>&1
}

if ! run none; then
  echo "the tests fail without any fault planted:"
  tail -20 "$log"
  exit 1
fi
survived=0
printf '%-40s %s\n' "planted fault" "caught by"
for name in "${names[@]}"; do
  if run "$name"; then
    printf '%-40s %s\n' "$name" "SURVIVED"
    survived=$((survived + 1))
  else
    test_case=$(grep -am1 -oP 'TEST CASE:\s*\K.*' "$log" || true)
    printf '%-40s %s\n' "$name" "${test_case:-a crash or no end}"
  fi
done
echo "$((${#names[@]} - survived)) of ${#names[@]} planted faults were caught"
[ "$survived" = 0 ]

#!/usr/bin/env bash
# Runs the loader's fuzzer against each planted fault and says how long it took to find it, or that it did not.
# Each run starts from two sound instruments and nothing else, so that what is found, the fuzzer's own changes found.
# usage: find_planted.sh BUILD_FOLDER [SECONDS_EACH]
set -eu
bin=$1/engine/fuzz
limit=${2:-60}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What the fuzzer and its sanitizers say when something breaks.
verdict='PROMISE BROKEN: .*|AddressSanitizer: [a-zA-Z-]+|runtime error: .*|Assertion .* failed'
verdict+='|(terminate called after throwing an instance of|what\(\):) .*|libFuzzer: [a-z -]+'
missed=0
printf '%-26s %-9s %s\n' "planted fault" "found in" "as"
for program in "$bin"/fuzz_loader_*; do
  name=${program##*/fuzz_loader_}
  mkdir "$work/$name"
  begin=$(date +%s%N)
  if "$program" -max_total_time="$limit" -max_len=10000 -len_control=0 -malloc_limit_mb=512 -mutate_depth=2 \
      -seed=1 -seed_inputs="$here/corpus/loader/full.ddsp,$here/corpus/loader/plain.ddsp" \
      -artifact_prefix="$work/$name-" "$work/$name" >"$work/log" 2>&1; then
    printf '%-26s %-9s\n' "$name" "NOT FOUND"
    missed=$((missed + 1))
  else
    how=$(grep -aoE "$verdict" "$work/log" | head -1)
    printf "%-26s %6s s  %s\n" "$name" "$(( ($(date +%s%N) - begin) / 1000000000 ))" "${how:0:90}"
  fi
done
[ "$missed" = 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# search.sh SPIN CC FILE.pml pass|fail "spin: FLAGS" "cc: FLAGS" "pan: FLAGS"
# Searches a model exhaustively. "pass": no error and nothing left out;
# "fail": at least one error.
set -u
spin=$1 cc=$2 model=$3 expected=$4
defines=${5#spin:} compile=${6#cc:} run=${7#pan:}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cp "$model" "$dir/model.pml" && cd "$dir" || exit 1

# shellcheck disable=SC2086  # lists of flags
"$spin" -a $defines model.pml >spin.txt 2>&1 && [ -f pan.c ] || {
    cat spin.txt
    echo "FAIL: spin does not accept $model"
    exit 1
}
# shellcheck disable=SC2086
"$cc" -O2 -w $compile -o pan pan.c || exit 1
# shellcheck disable=SC2086
./pan $run >pan.txt 2>&1
errors=$(sed -n 's/.*errors: \([0-9][0-9]*\).*/\1/p' pan.txt)

if [ -z "$errors" ]; then
    problem="the search gave no result"
elif [ "$expected" = fail ] && [ "$errors" -eq 0 ]; then
    problem="the planted mistake was not found"
elif [ "$expected" = pass ] && [ "$errors" -ne 0 ]; then
    problem="$errors error(s)"
    "$spin" -t -p -g model.pml >trail.txt 2>&1 && tail -n 60 trail.txt
elif [ "$expected" = pass ] \
    && grep -q 'max search depth too small\|Search not completed\|out of memory' \
        pan.txt; then
    problem="the search was not exhaustive"
else
    grep 'State-vector\|states, stored\|errors:' pan.txt
    exit 0
fi
cat pan.txt
echo "FAIL: $model: $problem"
exit 1

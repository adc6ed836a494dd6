#!/bin/sh
# SPDX-License-Identifier: MIT
# nng_sim_test.sh BIN: loss on the simulated network finds the payment that is
# booked twice, the line that repeats it does so, and a mended till has none.
set -u
unset AKT_SIM_SEED AKT_SIM_SEEDS AKT_SIM_STRATEGY AKT_SIM_CHOICES AKT_SIM_NAME
bin=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

expect() {
    if grep -q "$2" "$log"; then
        echo "ok: $1"
    else
        echo "FAILED: $1: no line with $2"
        cat "$log"
        failed=1
    fi
}

"$bin" explore >"$log" 2>&1
[ $? -eq 1 ] || {
    echo "FAILED: explore: did not end with 1"
    failed=1
}
expect 'it is found' '^till: a payment was booked twice$'
expect 'the cut is told' 'fault: cut'
command=$(sed -n 's/^REPRODUCE: //p' "$log")
[ -n "$command" ] || exit 1

sh -c "$command" >"$log" 2>&1
expect 'the command repeats it' '^till: a payment was booked twice$'
expect 'with one run' 'fails, after 1 runs$'

"$bin" mended >"$log" 2>&1 || failed=1
expect 'the mended till passes' '^simulated: .* all was booked once$'
exit $failed

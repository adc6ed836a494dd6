#!/bin/sh
# SPDX-License-Identifier: MIT
# bank_sim_test.sh BIN: the race is found and made short, the line that repeats it
# does so, a mended bank has none, and threads do not show it.
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
expect 'the race is found' '^bank: the account is below zero$'
expect 'it is made shorter' '^from [0-9]* steps with [0-9]* choices to'
used=$(sed -n 's/.* with \([0-9]*\):$/\1/p' "$log")
[ "${used:-99}" -le 15 ] || {
    echo "FAILED: $used choices are left"
    failed=1
}
command=$(sed -n 's/^REPRODUCE: //p' "$log")
[ -n "$command" ] || exit 1

sh -c "$command" >"$log" 2>&1
expect 'the command repeats it' '^bank: the account is below zero$'
expect 'with one run' 'fails, after 1 runs$'
again=$(sed -n 's/^REPRODUCE: //p' "$log")
[ "$command" = "$again" ] || {
    echo "FAILED: it was repeated as: $again"
    failed=1
}

"$bin" mended >"$log" 2>&1 || failed=1
expect 'the mended bank passes' '^simulated: 10001 days, none ended below zero$'
"$bin" threads 2000 >"$log" 2>&1 || failed=1
expect 'threads do not show it' '^on threads: 0 of 2000 days'
exit $failed

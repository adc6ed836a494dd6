#!/bin/sh
# SPDX-License-Identifier: MIT
# bank_sim_test.sh BIN: the race is found and made short, as the README shows it, the
# line that repeats it does so, a mended bank has none, and threads do not show it.
bin=$1
# shellcheck source=tests/integration/sim_example.sh
. "$(dirname "$0")/sim_example.sh"

expect 'the race is found' '^bank: the account is below zero$'
expect 'it is made shorter' '^from [0-9]* steps with [0-9]* choices to'
used=$(sed -n 's/.* with \([0-9]*\):$/\1/p' "$log")
[ "${used:-99}" -le 15 ] || {
    echo "FAILED: $used choices are left"
    failed=1
}

said=$(sed "s|$bin|bank_sim|" "$log")
sed -n '/^    \$ bank_sim explore$/,/^$/p' "$(dirname "$0")/../../README.md" \
    | sed -e 1d -e '/^ *\.\.\.$/d' -e '/^$/d' -e 's/^    //' >"$log.shown"
[ "$(wc -l <"$log.shown")" -eq 7 ] || {
    echo "FAILED: the README does not show what is said in 7 lines"
    failed=1
}
while IFS= read -r line; do
    printf '%s\n' "$said" | grep -Fqx -e "$line" || {
        echo "FAILED: the README shows what was not said: $line"
        failed=1
    }
done <"$log.shown"
rm "$log.shown"

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

#!/bin/sh
# SPDX-License-Identifier: MIT
# nng_sim_test.sh BIN: loss on the simulated network finds the payment that is
# booked twice, the line that repeats it does so, and a mended till has none.
bin=$1
# shellcheck source=tests/integration/sim_example.sh
. "$(dirname "$0")/sim_example.sh"

expect 'it is found' '^till: a payment was booked twice$'
expect 'the cut is told' 'fault: cut'

sh -c "$command" >"$log" 2>&1
expect 'the command repeats it' '^till: a payment was booked twice$'
expect 'with one run' 'fails, after 1 runs$'

"$bin" mended >"$log" 2>&1 || failed=1
expect 'the mended till passes' '^simulated: .* all was booked once$'
exit $failed

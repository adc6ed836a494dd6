#!/bin/sh
# SPDX-License-Identifier: MIT
# The gateway with its workers as processes, one of which is killed with requests
# in its hands; nngcat asks, and is a worker that never answers.
# usage: gateway_test.sh <gateway>
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/lib.sh"

start gateway "$program" gateway tcp://127.0.0.1:0 tcp://127.0.0.1:0
bound gateway gateway
front=$url
bound gateway workers
back=$url

# A request that is in the hands of a worker that is killed.
start silent nngcat --rep --dial "$back" --quoted
start ask "$program" ask "$front" alpha beta gamma
await silent '"*'
slay silent
start first "$program" worker "$back"
for word in ALPHA BETA GAMMA; do
    await ask "$word"
done
expect_end ask 0
ok "requests of a killed worker are asked again, answers keep their order"

start second "$program" worker "$back"
got=$(nngcat --req --dial "$front" --data 'from a stranger' --quoted \
    --recv-timeout 20)
[ "$got" = '"FROM A STRANGER"' ] && ok "nngcat asks" || fail "nngcat got '$got'"
slay first
got=$("$program" ask "$front" one two three four | tr '\n' ' ')
[ "$got" = 'ONE TWO THREE FOUR ' ] && ok "a worker less" || fail "got '$got'"

kill -INT "$pid_gateway"
expect_end gateway 130
kill -TERM "$pid_second"
expect_end second 143
start bad "$program" ask
expect_end bad 2
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# The pipeline as processes. A worker is killed in the middle, and so is a
# stranger, nngcat, that has taken tasks; every task is in the sum once.
# usage: pipeline_test.sh <pipeline>
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/lib.sh"

start ventilator "$program" ventilator tcp://127.0.0.1:0 "ipc://$work/done" 3000
bound ventilator tasks
tasks=$url

# A worker whose results nobody takes, and a stranger that keeps its tasks.
start first "$program" worker "$tasks" "ipc://$work/nobody"
await first 'at work'
slay first
await ventilator '*is sent again'
ok "a killed worker is noticed"
start thief nngcat --pull --dial "$tasks" --quoted
await thief '"[0-9]*'
slay thief
await ventilator '*is sent again'
ok "nngcat is a worker like others"
# Not by ipc: nng before 1.6 can lose a listener there when a client comes and goes.
start sink "$program" sink tcp://127.0.0.1:0 "ipc://$work/done" 3000
bound sink results
results=$url
nngcat --push --dial "$results" --data 'no result' || fail "nngcat cannot push"
start second "$program" worker "$tasks" "$results"
await sink '3000 tasks*'
# 0 + 1 + 4 + ... + 2999 * 2999
[ "$line" = "3000 tasks, the sum is 8995500500" ] \
    && ok "every task is in the sum once" || fail "the sink says: $line"
await ventilator 'all 3000 tasks are done'
expect_end ventilator 0
expect_end sink 0
expect_end second 0

start bad "$program" worker
expect_end bad 2
grep -q '^usage: .*ventilator' bad.err || fail "no usage"
start none "$program" worker nowhere "$results"
expect_end none 1
grep -q 'nowhere' none.err && ok "a wrong address" || fail "a wrong address"
exit $failed

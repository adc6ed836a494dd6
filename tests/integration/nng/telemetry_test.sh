#!/bin/sh
# SPDX-License-Identifier: MIT
# A station and three watchers, one of them slow, one of them nngcat.
# usage: telemetry_test.sh <telemetry>
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/lib.sh"

start station "$program" station tcp://127.0.0.1:0 500 3
bound station station
start fast "$program" watch "$url" temp.kitchen
start slow "$program" slow "$url" temp.kitchen
start stranger nngcat --sub --subscribe wi --dial "$url" --quoted
await station '500 readings of each topic'
await stranger '"wind *'
ok "nngcat is a watcher like others"

# What is published waits for nobody, so even the fast one may miss some when the
# machine is busy.
await fast 'got *'
got=$line
await slow 'got *'
awk -v fast="$got" -v slow="$line" 'BEGIN {
    split(fast, f, "[ ,]+"); split(slow, s, "[ ,]+")
    exit !(f[2] > s[2] && f[2] + f[4] <= 500 && s[2] > 0 && s[4] > 0)
}' && ok "the slow one missed some" || fail "fast: $got; slow: $line"
cat fast.out slow.out | grep -v '^got ' | grep -qv '^temp.kitchen ' \
    && fail "a topic that was not wanted" || ok "its topic alone"
expect_end station 0
expect_end fast 0
expect_end slow 0
start bad "$program" station tcp://127.0.0.1:0 many 1
expect_end bad 1
grep -q "'many' is not a number" bad.err && ok "a sentence" || fail "no sentence"
exit $failed

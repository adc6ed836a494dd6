#!/bin/sh
# SPDX-License-Identifier: MIT
# Nodes that come and go, one of them killed, one of them nngcat; nngcat asks too.
# usage: survey_test.sh <survey>
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/lib.sh"

start find "$program" find tcp://127.0.0.1:0
bound find find
start ada "$program" node "$url" ada
await find 'here: ada'
start bob "$program" node "$url" bob
await find 'here: ada bob'
start stranger nngcat --respondent --dial "$url" --data carla
await find 'here: ada bob carla'
ok "nodes are found as they come, nngcat too"
slay bob
await find 'here: ada carla'
ok "a killed node is missed"

# The stranger asks: a node that waits for a surveyor to come.
start dora "$program" node "ipc://$work/survey" dora
start asker nngcat --surveyor --listen "ipc://$work/survey" --data 'and you?' \
    --interval 1 --quoted
await dora 'asked: and you[?]'
await asker '"dora"'
ok "nngcat asks"
kill -INT "$pid_find"
expect_end find 130
kill -TERM "$pid_ada"
expect_end ada 143
start bad "$program"
expect_end bad 2
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Three members and a door, through which nngcat says something and listens.
# usage: chat_test.sh <chat>
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/lib.sh"

mkfifo ada.in bob.in
# Opened for both, so that nobody waits for the other end.
exec 8<>ada.in 9<>bob.in
input=ada.in
start ada "$program" member ada tcp://127.0.0.1:0
bound ada member
ada=$url
input=bob.in
start bob "$program" member bob tcp://127.0.0.1:0 "$ada"
bound bob member
bob=$url
input=
start door "$program" door tcp://127.0.0.1:0 tcp://127.0.0.1:0 \
    tcp://127.0.0.1:0 "$ada" "$bob"
bound door say
say=$url
bound door hear
hear=$url
await ada '? somebody comes'
await ada '? somebody comes'
await bob '? somebody comes'
await bob '? somebody comes'
ok "everybody is connected with everybody"

echo 'hello' >&8
await bob 'ada: hello'
echo 'hello to you' >&9
await ada 'bob: hello to you'
nngcat --push --dial "$say" --data 'stranger: may I come in?'
await ada 'stranger: may I come in[?]'
await bob 'stranger: may I come in[?]'
ok "nngcat says something"
start stranger nngcat --sub --dial "$hear" --quoted
# Whether it listens already only a line tells that comes: say it until then.
while ! [ -s stranger.heard ]; do
    echo 'are you there?' >&8
    await bob 'ada: are you there[?]'
    [ -n "${reader:-}" ] || {
        head -n 1 <&"$fd_stranger" >stranger.heard &
        reader=$!
        started="$started $reader"
    }
done
grep -q '^"ada: are you there' stranger.heard && ok "nngcat hears" \
    || fail "nngcat heard $(cat stranger.heard)"

slay door
await ada '? somebody goes'
ok "who is killed is missed"
kill -INT "$pid_bob"
expect_end bob 130
await ada '? somebody goes'
start bad "$program" member ada
expect_end bad 2
start carla "$program" member carla "$ada"
expect_end carla 1
grep -q 'the address is in use' carla.err && ok "an address in use" \
    || fail "an address in use is not told"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# Three nodes are found as they come, and one is missed when it is killed.
demo=survey
. "$(dirname "$0")/build.sh"

run "$program" find "ipc://$folder/find"
for name in ada bob carla; do
    run "$program" node "ipc://$folder/find" $name >/dev/null
done
sleep 1
echo "$name is killed."
kill -KILL "$pid"
sleep 1

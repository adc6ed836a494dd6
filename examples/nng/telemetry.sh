#!/bin/sh
# SPDX-License-Identifier: MIT
# A station with a fast and a slow watcher; what they print in the end.
demo=telemetry
. "$(dirname "$0")/build.sh"

station=ipc://$folder/station
run "$program" station "$station" 1000 2
"$program" slow "$station" temp.kitchen >"$folder/slow" &
slow=$!
"$program" watch "$station" temp.kitchen >"$folder/fast"
wait $slow
echo "the fast one: $(tail -n 1 "$folder/fast")"
echo "the slow one: $(tail -n 1 "$folder/slow")"

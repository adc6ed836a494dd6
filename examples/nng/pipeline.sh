#!/bin/sh
# SPDX-License-Identifier: MIT
# A ventilator, three workers and a sink; one worker is killed in the middle.
demo=pipeline
. "$(dirname "$0")/build.sh"

tasks=ipc://$folder/tasks
done=ipc://$folder/done
results=ipc://$folder/results
run "$program" ventilator "$tasks" "$done" 20000
run "$program" worker "$tasks" "$results"
run "$program" worker "$tasks" "$results"
run "$program" worker "$tasks" "$results"
{
    sleep 0.2
    kill -KILL "$pid"
} &
"$program" sink "$results" "$done" 20000

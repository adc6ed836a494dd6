#!/bin/sh
# SPDX-License-Identifier: MIT
# A gateway with two workers, asked from outside; then one of them is killed.
demo=gateway
. "$(dirname "$0")/build.sh"

front=ipc://$folder/front
back=ipc://$folder/back
run "$program" gateway "$front" "$back"
run "$program" worker "$back"
run "$program" worker "$back"
"$program" ask "$front" who answers this question
echo "A worker is killed."
kill -KILL "$pid"
"$program" ask "$front" and who this

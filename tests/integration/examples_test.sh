#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the small examples and compares what they print with <name>/expected.txt,
# or with <name>.txt when there is that.
# usage: examples_test.sh <directory of the programs> <directory examples/> [name ...]
set -u

programs=$1
sources=$2
shift 2
[ $# -gt 0 ] || set -- hello ask_reply back_pressure timers cache

failed=0
for name; do
    expected=$sources/$name.txt
    [ -e "$expected" ] || expected=$sources/$name/expected.txt
    actual=$("$programs/$name") || {
        echo "FAILED: $name ended with $?"
        failed=1
        continue
    }
    if [ "$actual" = "$(cat "$expected")" ]; then
        echo "ok: $name"
    else
        echo "FAILED: $name printed"
        printf '%s\n' "$actual"
        failed=1
    fi
done
exit $failed

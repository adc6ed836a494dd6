#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh compare DIR PROGRAM...: runs each build of `trace` twice, with
# addresses where the system puts them, and wants the same hashes from all of
# them, and another one for each seed. Tells the first seed that differs, and the
# first event of it.
# run.sh selftest DIR PROGRAM: the same must find the mistake that "trace
# broken_*" makes on purpose, and that the scenario reaches all it should.
# AKT_TRACE_SEEDS is the number of seeds, 1000 unless set, AKT_TRACE_FIRST the
# first one, 0 unless set.
set -u
mode=$1
dir=$2
shift 2
seeds=${AKT_TRACE_SEEDS:-1000}
begin=${AKT_TRACE_FIRST:-0}
kind=
mkdir -p "$dir" || exit 2

# Sanitizers may not start where the kernel's randomisation takes their place.
run() {
    "$@" || setarch -R "$@"
}

# first_event PROGRAM PROGRAM SEED: the first line in which two runs differ.
first_event() {
    run "$1" "${kind}events" "$3" >"$dir/events.1"
    run "$2" "${kind}events" "$3" >"$dir/events.2"
    line=$(cmp "$dir/events.1" "$dir/events.2" 2>/dev/null \
        | sed 's/.*line //')
    if [ -z "$line" ]; then
        echo "the events of two more runs are the same"
        return
    fi
    echo "event $line:"
    sed -n "${line}p" "$dir/events.1"
    sed -n "${line}p" "$dir/events.2"
}

# differ PROGRAM PROGRAM FILE FILE: says where.
differ() {
    seed=$(cmp "$3" "$4" | sed 's/.*line //')
    seed=$((begin + seed - 1))
    echo "FAILED: seed $seed differs: $1 and $2"
    first_event "$1" "$2" "$seed"
}

# check PROGRAM FIRST HASHES: the same as the very first ones.
check() {
    [ -s "$dir/first" ] || cp "$3" "$dir/first"
    cmp -s "$dir/first" "$3" || {
        differ "$2" "$1" "$dir/first" "$3"
        return 1
    }
}

# compare PROGRAM...: all runs of all of them, two at a time.
compare() {
    first=$1
    for program in "$@"; do
        run "$program" "${kind}hashes" "$seeds" "$begin" >"$dir/run.1" &
        run "$program" "${kind}hashes" "$seeds" "$begin" >"$dir/run.2"
        ran=$?
        wait $! || ran=1
        [ $ran -eq 0 ] || {
            echo "FAILED: $program does not run"
            return 1
        }
        check "$program" "$first" "$dir/run.1" || return 1
        check "$program" "$first" "$dir/run.2" || return 1
        echo "same: $program"
    done
    for column in 2 3; do
        different=$(cut -d' ' -f$column "$dir/first" | sort -u | wc -l)
        [ "$different" -eq "$seeds" ] || {
            echo "FAILED: $seeds seeds, $different hashes"
            return 1
        }
    done
}

: >"$dir/first"
case $mode in
compare)
    compare "$@" || exit 1
    echo "$seeds seeds, $# builds, 2 runs each: the same hashes"
    echo "FIGURE 24 $seeds seeds with one trace"
    ;;
selftest)
    kind=broken_
    compare "$1" >"$dir/said" && {
        echo "FAILED: an address in the hash was not seen"
        exit 1
    }
    for line in '^FAILED: seed 0 differs' '^event [0-9]*:$'; do
        grep -q "$line" "$dir/said" || {
            cat "$dir/said"
            exit 1
        }
    done
    run "$1" coverage "$seeds" || exit 1
    ;;
esac

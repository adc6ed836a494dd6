#!/bin/sh
# SPDX-License-Identifier: MIT
# smoke.sh BIN: runs each benchmark of BIN (akt_bench) with a small N, and looks
# at the line of JSON and at the exit codes. It measures nothing.
set -u
[ $# -eq 1 ] || {
    echo "usage: smoke.sh AKT_BENCH" >&2
    exit 2
}
bin=$1
failures=0
ran=' '

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# is_line NAME OPS KEY..: standard input is one line of JSON with these and no
# other keys, and all figures are positive.
is_line() {
    awk -v name="$1" -v ops="$2" -v keys="$3" '
    function bad(why) { print "  " why ": " $0; wrong = 1 }
    NR > 1 { bad("a second line"); next }
    {
        if (!match($0, /^\{.*\}$/)) { bad("not an object"); next }
        text = substr($0, 2, length($0) - 2)
        count = split(text, pairs, ",")
        for (i = 1; i <= count; i++) {
            if (pairs[i] !~ /^"[a-z0-9_]+":("[a-z0-9]+"|-?[0-9]+(\.[0-9]+)?)$/) {
                bad("not a pair of JSON: " pairs[i])
                continue
            }
            split(pairs[i], pair, ":")
            gsub(/"/, "", pair[1])
            gsub(/"/, "", pair[2])
            value[pair[1]] = pair[2]
        }
        wanted = split("peer bench n seconds cpu_s " keys, want, " ")
        for (i = 1; i <= wanted; i++)
            if (!(want[i] in value)) bad("no " want[i])
        if (count != wanted) bad(count " keys instead of " wanted)
        if (value["peer"] != "akt") bad("another peer")
        if (value["bench"] != name) bad("another bench")
        if (value["n"] != ops) bad("n is not " ops)
        if (value["seconds"] <= 0) bad("no time has passed")
    }
    END {
        if (NR == 0) { print "  no output"; wrong = 1 }
        exit wrong
    }'
}

# bench "KEYS" OPS NAME ARGUMENT..
bench() {
    keys=$1
    ops=$2
    shift 2
    ran="$ran$1 "
    if out=$("$bin" "$@"); then
        echo "$out" | is_line "$1" "$ops" "$keys" || fail "$*: its line"
    else
        fail "$*: exit code $?"
    fi
}

# refused ARGUMENT..: exit code 2, a sentence and no result.
refused() {
    out=$("$bin" "$@" 2>/dev/null)
    code=$?
    [ "$code" -eq 2 ] || fail "'$*': exit code $code instead of 2"
    [ -z "$out" ] || fail "'$*': it printed a result"
    [ -n "$("$bin" "$@" 2>&1)" ] || fail "'$*': it did not say why"
}

rate='ops_per_s ns_per_op'
for workers in 1 2 4; do
    bench "$rate" 2000 pingpong 2000 --workers $workers
    bench "$rate" 20000 counting 20000 --workers $workers
    bench "$rate" 2003 threadring 2003 10 --workers $workers
    bench "$rate" 1000 fjcreate 1000 --workers $workers
    bench "$rate" 12000 fjthroughput 3000 4 --workers $workers
    bench "$rate" 12000 mpsc 3000 4 --workers $workers
    bench "$rate" 1000 ask 1000 --workers $workers
    bench "$rate" 1000 askpipe 1000 16 --workers $workers
    bench 'bytes_per_actor spawn_ns' 1000 idlemem 1000 --workers $workers
    bench "$rate" 700 timers 700 --workers $workers
    for name in chan32 chan1024 chan32x8 chan1024x8 select4 spawnjoin \
        awaittrip awaitready awaitready2 oneshot timeout; do
        bench "$rate" 800 "$name" 800 --workers $workers
    done
    bench 'bytes_per_task spawn_ns' 500 sleepers 500 --workers $workers
done
bench 'seeds_per_s steps_per_seed ns_per_step' 100 sim 100
bench 'virtual_per_real ns_per_timer' 10 simtimers 10
# The smallest numbers, without --workers.
for name in pingpong counting fjcreate ask timers; do
    bench "$rate" 1 "$name" 1
done
for name in threadring fjthroughput mpsc askpipe; do
    bench "$rate" 1 "$name" 1 1
done
bench 'bytes_per_actor spawn_ns' 1 idlemem 1
bench 'trip_ns loop_ns threads_ns' 20 fdtrip 20
bench 'p50_ns p99_ns machine_p50_ns machine_p99_ns ratio_p50' 20 wakeup 20

case $("$bin" --list) in
*"wire "*) bench 'bytes encode_ns decode_ns' 1000 wire 1000 ;;
esac

# What --list names has been run.
listed=$("$bin" --list | awk '{ print $1 }')
[ -n "$listed" ] || fail '--list: it names nothing'
for name in $listed; do
    case $ran in
    *" $name "*) ;;
    *) fail "$name is listed and was not run" ;;
    esac
done

refused
refused nosuch
refused pingpong 0
refused pingpong -1
refused pingpong many
refused pingpong 1 1
refused mpsc 1 0
refused mpsc 1 1 1
refused pingpong 1 --workers 0
refused pingpong 1 --workers
refused pingpong 1 --workers 257
refused --nosuch

[ "$failures" -eq 0 ] && echo "ok"
[ "$failures" -eq 0 ]

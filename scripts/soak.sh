#!/bin/sh
# SPDX-License-Identifier: MIT
# soak.sh [MINUTES [PRESET ...]]: runs the stress tests and the simulated ones at
# the sizes of a release, with new seeds in each round, for MINUTES (60), in the
# builds PRESET in turn: "clang" (optimised) and "tsan" unless said. Shows a line
# for each run and keeps the logs of failures in build/soak. Ends with what was
# reached for each promise of tests/README.md and with "N passed, N failed".
# AKT_SEED is the first seed (the clock, unless set).
set -u
cd "$(dirname "$0")/.." || exit 2
exec </dev/null
minutes=${1:-60}
case $minutes in
'' | *[!0-9]*)
    echo "usage: scripts/soak.sh [MINUTES [PRESET ...]]" >&2
    exit 2
    ;;
esac
[ $# -gt 0 ] && shift
presets=${*:-clang tsan}
dir=build/soak
jobs=${AKT_JOBS:-$(nproc)}
scripts/deps.sh test || exit 1
mkdir -p "$dir"
: >"$dir/figures"
for preset in $presets; do
    echo "Building $preset (details: $dir/build.log)"
    { cmake --preset "$preset" && cmake --build "build/$preset" -j "$jobs"; } \
        >"$dir/build.log" 2>&1 || {
        tail -n 30 "$dir/build.log"
        echo "0 passed, 1 failed"
        exit 1
    }
done

stress='conservation deadlock fault order overload promise shutdown stale'
stress="$stress syscall timer wakeup channel combine sync task wire"
stress="$stress nng_cycle nng_trip nng_fault nng_crowd"
simulated='fifo ring ask_race'
seed=${AKT_SEED:-$(date +%s)}
start=$(date +%s)
end=$((start + minutes * 60))
passed=0 failed=0

# clock SECONDS
clock() {
    printf '%d:%02d:%02d' $(($1 / 3600)) $(($1 / 60 % 60)) $(($1 % 60))
}

# launch PROGRAM: sanitizers want their shadow memory at fixed places.
launch() {
    setarch -R true 2>/dev/null && set -- setarch -R "$@"
    timeout -s KILL 3600 "$@"
}

# run PRESET NAME COMMAND...: one run; its figures are added up.
run() {
    preset=$1
    name=$2
    shift 2
    began=$(date +%s)
    log=$dir/$preset-$name.log
    word=ok
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        word=FAILED
        failed=$((failed + 1))
        cp "$log" "$dir/failed-$preset-$name-$seed.log"
    fi
    now=$(date +%s)
    sed -n "s/^FIGURE /$preset /p" "$log" >>"$dir/figures"
    printf '[%s, %s left] %-6s %-5s %-12s seed %s, %d s:%s\n' \
        "$(clock $((now - start)))" \
        "$(clock $((end > now ? end - now : 0)))" \
        $word "$preset" "$name" "$seed" $((now - began)) "$(figures_of "$log")"
    [ $word = ok ] || echo "    log: $dir/failed-$preset-$name-$seed.log"
}

# figures_of LOG: its sums, in words.
figures_of() {
    awk '$1 == "FIGURE" {
            n = $3
            $1 = $2 = $3 = ""
            sum[$0] += n
        }
        END {
            for (what in sum)
                printf " %.0f%s;", sum[what], what
        }' "$1" | tr -s ' ' | sed 's/;$//'
}

is_over() { [ "$(date +%s)" -ge "$end" ]; }

# one_round PRESET FACTOR SEEDS
one_round() {
    for test in $stress; do
        is_over && return
        export AKT_SEED="$seed" AKT_STRESS="$2"
        # Ten thousand connections at a time; ten thousand cycles.
        case $test in
        nng_crowd) AKT_STRESS=42 ;;
        nng_cycle) AKT_STRESS=167 ;;
        esac
        # As in the normal run: nng itself is not instrumented.
        export TSAN_OPTIONS="second_deadlock_stack=1:allow_addr2line=1"
        case $test in
        nng_*) TSAN_OPTIONS=$TSAN_OPTIONS:suppressions=$PWD/tests/nng.suppressions ;;
        esac
        run "$1" "$test" launch "build/$1/tests/stress/${test}_stress"
        seed=$((seed + 1))
    done
    for test in $simulated; do
        is_over && return
        export AKT_SIM_SEED="$seed" AKT_SIM_SEEDS="$3"
        run "$1" "$test" launch "build/$1/tests/unit/${test}_test"
        seed=$((seed + $3))
    done
}

# compare_traces: what seeds do, in all of the builds.
compare_traces() {
    traces=
    for preset in $presets; do
        traces="$traces build/$preset/tests/determinism/trace"
    done
    export AKT_TRACE_FIRST="$seed" AKT_TRACE_SEEDS=2000
    # shellcheck disable=SC2086  # a list of words
    run all trace sh tests/determinism/run.sh compare "$dir/trace" $traces
    seed=$((seed + 2000))
}

while ! is_over; do
    for preset in $presets; do
        # What sanitizers slow down is smaller.
        case $preset in
        *san) one_round "$preset" 2 1000 ;;
        *) one_round "$preset" 4 10000 ;;
        esac
    done
    is_over || compare_traces
done

# What a release wants, by promise and the words of its figure.
awk '
    function want(promise, number, what) {
        wanted[promise " " what] = number
        order[++n] = promise " " what
    }
    BEGIN {
        want(1, 2e9, "messages conserved")
        want(1, 0, "messages by sockets")
        want(1, 0, "values received from channels")
        want(1, 0, "values destroyed with channels")
        want(2, 1e7, "schedules in order")
        want(3, 2e8, "handlers one at a time")
        want(4, 1e8, "wake-ups waited for")
        want(4, 0, "permits waited for, by each")
        want(5, 0, "messages within the bound")
        want(5, 0, "connections of a crowd")
        want(6, 1e7, "schedules of rings and cliques")
        want(6, 0, "messages around rings")
        want(7, 49e6, "pairs of endings")
        want(7, 0, "requests ended once")
        want(7, 0, "combined futures")
        want(8, 1e9, "stale sends refused")
        want(8, 0, "calls cut off by a successor")
        want(13, 1e9, "timer operations")
        want(14, 1e5, "starts and stops")
        want(14, 0, "drains")
        want(14, 0, "orders obeyed")
        want(14, 0, "trees of tasks cut off")
        want(15, 1e6, "allocations failed")
        want(15, 0, "allocations of sockets failed")
        want(16, 0, "system calls failed")
        want(24, 1e5, "seeds with one trace")
        printf "\n%7s  %-31s %13s %13s %13s\n", "promise", "what", "plain",
            "sanitized", "wanted"
    }
    {
        preset = $1 ~ /san$/ ? "sanitized" : "plain"
        promise = $2
        number = $3
        $1 = $2 = $3 = ""
        sub(/^ +/, "")
        sum[preset, promise " " $0] += number
    }
    END {
        for (i = 1; i <= n; i++) {
            key = order[i]
            plain = sum["plain", key]
            both = plain + sum["sanitized", key]
            promise = what = key
            sub(/ .*/, "", promise)
            sub(/^[0-9]+ /, "", what)
            printf "%7s  %-31s %13.0f %13.0f", promise, what, plain,
                both - plain
            if (wanted[key] > 0)
                printf " %13.0f (%.3g %%)", wanted[key],
                    100 * both / wanted[key]
            printf "\n"
        }
    }' "$dir/figures"
echo "(seeds to $((seed - 1)); logs: $dir)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

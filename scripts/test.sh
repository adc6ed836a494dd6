#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh [--quick]: builds everything in every way and runs all tests; with
# --quick only the build "dev" (which has the lints). Says what is missing and
# installs it first. The last line is "N passed, N failed": tests, builds and
# checks taken together. Logs are in build/logs. AKT_JOBS sets the number of
# parallel jobs.
set -u
cd "$(dirname "$0")/.." || exit 2
exec </dev/null
quick=0
case "${1-}" in
'') ;;
--quick) quick=1 ;;
*)
    echo "usage: scripts/test.sh [--quick]" >&2
    exit 2
    ;;
esac

scripts/deps.sh test || {
    echo "0 passed, 1 failed"
    exit 1
}
jobs=${AKT_JOBS:-$(nproc)}
export AKT_JOBS="$jobs"
logs=build/logs
mkdir -p "$logs"
passed=0 failed=0

# report STAGE PASSED FAILED SKIPPED: adds up, shows the log of a failure.
report() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    skipped=
    [ "$4" -gt 0 ] && skipped=", $4 skipped"
    printf '%-28s %4d passed, %d failed%s (%d s)\n' "$1" "$2" "$3" "$skipped" \
        "$(($(date +%s) - began))"
    [ "$3" -eq 0 ] && return
    echo "--- $log"
    grep -v ' Passed  *[0-9.]* sec$\|^ *Start  *[0-9]*:' "$log" | tail -n 200
    echo "---"
}

# check NAME COMMAND...: one check, passed when the command succeeds.
check() {
    stage=$1
    shift
    log=$logs/$(echo "$stage" | tr -d ':' | tr ' ' '-').log
    began=$(date +%s)
    if "$@" >"$log" 2>&1; then
        report "$stage" 1 0 0
    else
        report "$stage" 0 1 0
        return 1
    fi
}

# configure_and_build PRESET TARGET...: configures and builds, which is one check.
configure_and_build() {
    preset=$1
    shift
    cmake --preset "$preset" \
        && cmake --build "build/$preset" -j "$jobs" --target "$@"
}
build() { check "$1: build" configure_and_build "$@"; }

# run_tests PRESET [CTEST OPTION ...]: counts what ctest says at its end.
run_tests() {
    stage="$1: tests"
    log=$logs/$1-tests.log
    began=$(date +%s)
    dir=build/$1
    shift
    status=0
    # One more than there are processors: some wait for time to pass.
    ctest --test-dir "$dir" -j $((jobs + 1)) --output-on-failure \
        --no-tests=error "$@" >"$log" 2>&1 || status=$?
    # shellcheck disable=SC2046  # three numbers
    set -- $(awk '
        /tests passed, [0-9]+ tests? failed out of [0-9]+/ {
            for (i = 1; i < NF; i++)
                if ($i == "passed,")
                    bad = $(i + 1)
            all = $NF
        }
        /\*\*\*Skipped/ { skipped++ }
        END { print all - bad - skipped, bad + 0, skipped + 0 }' "$log")
    # Whatever else went wrong is one failure.
    [ $status -ne 0 ] && [ "$2" -eq 0 ] && set -- "$1" 1 "$3"
    report "$stage" "$@"
}

# simulate: what the promises want many schedules for, optimised.
simulate() {
    unit=build/clang/tests/unit
    AKT_SIM_SEEDS=100000 $unit/ring_test &
    AKT_SIM_SEEDS=10000 $unit/ask_race_test
    race=$?
    AKT_SIM_SEEDS=25000 $unit/fifo_test
    fifo=$?
    AKT_TEST='*_killed_at_a_random_moment' AKT_SIM_SEEDS=10000 $unit/scope_test
    scope=$?
    wait $! && [ $race -eq 0 ] && [ $fifo -eq 0 ] && [ $scope -eq 0 ]
}

# trace_of PRESET ...: its program that says what a seed does.
trace_of() {
    for preset in "$@"; do
        echo "build/$preset/tests/determinism/trace"
    done
}

if build dev all; then
    run_tests dev
else
    run_tests dev -L lint # they need no build
fi
if [ $quick -eq 0 ]; then
    # What can fail otherwise: memory anywhere, with threads also the order of
    # accesses. Simulations have one thread, so the thread sanitizer gets those
    # that start more. The build above makes the long loops in full, the optimised
    # one below the many seeds; where all is slow a part will do.
    export AKT_SIM_SEEDS=50 AKT_EXPLORE_PART=8 AKT_FAULT_STEP=8
    export AKT_STRESS_PART=2
    build asan all && run_tests asan -LE '^(lint|model|compile_fail)$'
    export AKT_SIM_SEEDS=10 AKT_STRESS_PART=1
    build tsan tests_threads tests_stress akt_examples \
        && run_tests tsan -L '^(threads|stress|example)$'
    # The same once more by the other compiler's.
    export AKT_STRESS_PART=4
    build clang-asan tests_unit tests_stress trace \
        && run_tests clang-asan -L '^(unit|stress)$'
    build clang-tsan tests_threads tests_stress \
        && run_tests clang-tsan -L '^(threads|stress)$'
    unset AKT_SIM_SEEDS AKT_EXPLORE_PART AKT_STRESS_PART
    # Optimised by the other compiler.
    build clang tests_unit akt_examples trace wordcount_faults \
        && run_tests clang -L '^(unit|integration|example)$'
    [ -x build/clang/tests/unit/ring_test ] \
        && check "simulation: many seeds" simulate
    # The twins of the files for Linux.
    build portable tests_threads tests_system akt_examples trace \
        && run_tests portable -L '^(threads|system|integration|example)$'
    build shared akt akt_examples trace akt_bench \
        && run_tests shared -L '^(example|install)$'
    [ -x build/shared/tests/akt_bench ] && check "bench: every row runs" \
        sh tests/bench/smoke.sh build/shared/tests/akt_bench
    # Where there is no nng.
    build no-nng tests_no_nng akt_examples \
        && run_tests no-nng -L '^(no_nng|example|install)$'
    # shellcheck disable=SC2046  # a list of words
    check "determinism: 6 builds" \
        sh tests/determinism/run.sh compare build/determinism/compare \
        $(trace_of dev shared portable clang asan clang-asan)
    build mutants akt_killers && check "mutants: tests find bugs" \
        scripts/mutants.sh
    check "format" scripts/format.sh --check
    check "clang-tidy" scripts/tidy.sh
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

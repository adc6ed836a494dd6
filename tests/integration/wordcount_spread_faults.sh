#!/bin/sh
# SPDX-License-Identifier: MIT
# wordcount_spread_faults.sh PROGRAM DIR: as wordcount_faults.sh, where the count is
# spread. A coordinator whose n-th call fails, with a good worker; and a worker whose
# n-th call fails, with a good coordinator, to which a good worker comes when the bad
# one has gone. Each has to end, with the right table, or with a message and a status
# that says so. Only each 20th n is tried, with AKT_FAULT_STEP=k each (20 * k)-th.
set -u
program=$1
dir=$2
step=$((${AKT_FAULT_STEP:-1} * 20))
unset AKT_FAIL AKT_FAIL_REPORT
# shellcheck source=tests/integration/wordcount_calls.sh
. "$(dirname "$0")/wordcount_calls.sh"

rm -rf "$dir"
mkdir -p "$dir/data/in/deep" || exit 2
cd "$dir" || exit 2
at=ipc://at
echo 'one two three' >data/a
echo 'two three' >data/in/b
echo 'three four' >data/in/deep/c
# Both end the shell that calls them.
coordinate() {
    exec timeout -s KILL 30 "$program" --quiet --coordinate $at --top 0 data \
        >out 2>err
}

work() {
    exec timeout -s KILL 30 "$program" --quiet --worker $at --workers 1 --wait 20
}

# bad WHO WHAT: a run was wrong.
bad() {
    failed=$((failed + 1))
    echo "FAILED: $1 with AKT_FAIL='$fault': $2 (status $status)"
    cat err worker.err
}

# judge WHO MESSAGES: how it ended, by $status.
judge() {
    case $status in
    0) [ "$1" = worker ] || cmp -s want out || bad "$1" "another table" ;;
    1 | 3)
        [ -s "$2" ] || bad "$1" "an error without a message"
        [ "$1$status" != worker1 ] || bad worker "it reads nothing for itself"
        ;;
    *) bad "$1" "ended otherwise" ;;
    esac
}

# A run of two, for each_call.
begin() {
    rm -f at
    : >err >worker.err
}

# $helper is the other one.
bad_coordinator() {
    begin
    work >/dev/null 2>worker.err &
    helper=$!
    (export AKT_FAIL="$fault" AKT_FAIL_REPORT="$PWD/report" && coordinate)
    status=$?
    judge coordinator err
    # Nobody is there for it any more, or never was.
    [ $status -eq 0 ] || kill $helper 2>/dev/null
    wait $helper
}

bad_worker() {
    begin
    coordinate &
    helper=$!
    (export AKT_FAIL="$fault" AKT_FAIL_REPORT="$PWD/report" && work) \
        >/dev/null 2>worker.err
    status=$?
    judge worker worker.err
    # What it could not do a good one does; when all is done, that finds nobody.
    while kill -0 $helper 2>/dev/null; do
        timeout -s KILL 30 "$program" --quiet --worker $at --wait 1 \
            >/dev/null 2>&1
    done
    wait $helper
    status=$?
    judge coordinator err
}

work >/dev/null 2>worker.err &
helper=$!
(coordinate) || {
    cat err worker.err
    echo "FAILED: the program does not run"
    exit 1
}
wait $helper
mv out want
for who in coordinator worker; do
    # Errors by number, as on Linux: 5 EIO, 11 EAGAIN, 12 ENOMEM, 24 EMFILE, 28 ENOSPC.
    for call in 'aligned_alloc 12' 'calloc 12' 'malloc 12' 'realloc 12' \
        'open 24' 'read 5' 'fstat 5' 'fwrite 28' 'eventfd 24' \
        'pthread_create 11' 'fcntl 24'; do
        # shellcheck disable=SC2086  # two words
        each_call bad_$who $step $call 1
        # shellcheck disable=SC2086
        each_call bad_$who $step $call 0
    done
done
echo "$runs runs, $failed failed"
[ $failed -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# wordcount_faults.sh PROGRAM DIR: the program is `wordcount` with the wrappers of
# support/wordcalls.c. Each n-th of its calls fails, alone, and with all that
# follow, for n = 1, 2, ... until a run meets no failure. Each run has to end, by
# itself, with the right table, or with a message and a status that says so.
# With AKT_FAULT_STEP=k only every k-th n is tried.
set -u
program=$1
dir=$2
step=${AKT_FAULT_STEP:-1}
unset AKT_FAIL AKT_FAIL_REPORT
# shellcheck source=tests/integration/wordcount_calls.sh
. "$(dirname "$0")/wordcount_calls.sh"

rm -rf "$dir"
mkdir -p "$dir/data/in/deep" "$dir/data/other" || exit 2
cd "$dir" || exit 2
echo 'one two three' >data/a
echo 'two three' >data/in/b
echo 'three four' >data/in/deep/c
echo 'four four five' >data/other/d
count() {
    timeout -s KILL 30 "$program" --quiet --workers 2 data >out 2>err
}
count || {
    cat err
    echo "FAILED: the program does not run"
    exit 1
}
mv out want
# bad WHAT: the run was wrong.
bad() {
    failed=$((failed + 1))
    echo "FAILED: AKT_FAIL='$AKT_FAIL': $1 (status $status)"
    cat err
}

# judge: whether the run ended as it should.
judge() {
    case $status in
    0)
        cmp -s want out || bad "another table and no error"
        ;;
    1 | 3)
        [ -s err ] || bad "an error without a message"
        ;;
    *) bad "ended otherwise" ;;
    esac
}

# run: once, for each_call.
run() {
    export AKT_FAIL="$fault" AKT_FAIL_REPORT="$PWD/report"
    count
    status=$?
    judge
}

# try CALL ERRNO TIMES: fails each n-th call in turn.
try() {
    each_call run "$step" "$@"
    [ $met -gt 0 ] || {
        failed=$((failed + 1))
        echo "FAILED: $1 is never called"
    }
}

# Errors by number, as on Linux: 4 EINTR, 5 EIO, 11 EAGAIN, 12 ENOMEM,
# 13 EACCES, 24 EMFILE, 28 ENOSPC.
for call in 'aligned_alloc 12' 'calloc 12' 'malloc 12' 'realloc 12' \
    'strdup 12' 'open 24' 'open 13' 'fstat 5' 'fstatat 5' 'opendir 24' 'opendir 13' 'readdir 5' \
    'read 5' 'poll 12' 'pipe 24' 'fwrite 28' 'fflush 28' \
    'eventfd 24' 'pthread_create 11' 'fcntl 24'; do
    # shellcheck disable=SC2086  # two words
    try $call 1
    # shellcheck disable=SC2086
    try $call 0
done
# These do not last.
for call in 'read 4' 'read 11' 'poll 4'; do
    # shellcheck disable=SC2086
    try $call 1
    # shellcheck disable=SC2086
    try $call 3
done
echo "$runs runs, $failed failed"
[ $failed -eq 0 ]

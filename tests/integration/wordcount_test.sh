#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares wordcount with tr, sort and uniq on the same bytes, and tries what can
# go wrong.
# usage: wordcount_test.sh <wordcount> <work directory>
set -u
# shellcheck source=tests/integration/wordcount_lib.sh
. "$(dirname "$0")/wordcount_lib.sh"

case $1 in
/*) wordcount=$1 ;;
*) wordcount=$PWD/$1 ;;
esac
mkdir -p "$2" || exit 1
work=$(cd "$2" && pwd) || exit 1
rm -rf "$work/wordcount_test"
mkdir "$work/wordcount_test" || exit 1
cd "$work/wordcount_test" || exit 1
trap 'cd "$work" && chmod -R u+rwx wordcount_test && rm -rf wordcount_test' EXIT
trap 'exit 1' INT TERM

failed=0
ok()
{
    echo "ok: $*"
}
fail()
{
    echo "FAILED: $*"
    failed=1
    [ ! -s err ] || sed 's/^/    /' err | head -n 20
}

# compare <name> <wordcount arguments and paths>; the options come first.
compare()
{
    name=$1
    shift
    "$wordcount" --top 0 "$@" > out 2> err
    status=$?
    if [ $status -eq 0 ]; then
        judge "$name" out
    else
        fail "$name: ended with $status"
    fi
}

# expect <name> <exit status> <words on standard error> <arguments>
expect()
{
    name=$1
    want_status=$2
    words=$3
    shift 3
    "$wordcount" "$@" > out 2> err < /dev/null
    status=$?
    if [ $status -ne "$want_status" ]; then
        fail "$name: ended with $status, not $want_status"
    elif ! grep -q -e "$words" err; then
        fail "$name: standard error does not say '$words'"
    else
        ok "$name"
    fi
}

# --- The input --------------------------------------------------------------

mkdir -p data/nested/a/b/c/d data/small data/deep
: > data/empty
printf 'no newline at the end' > data/no_newline
printf 'Foo foo FOO\nbar-foo 12foo34 x\n' > data/plain
printf '\n\n  ,;\n' > data/no_words
printf 'nested words' > data/nested/a/b/c/d/file
awk 'BEGIN {
    x = 1
    for (i = 0; i < 300000; i++) {
        x = (x * 1103515245 + 12345) % 2147483648
        printf "%c", int(x / 65536) % 256
    }
}' > data/binary
letters 1000000 q > data/long_word
{ letters 1048576 m; echo; letters 1048575 n; echo; } > data/longest_words
# A word across each boundary of 64 KiB, one that ends there, one that begins.
{
    letters 65530 ' '; printf 'straddling '
    letters 65526 ' '; printf 'ends'
    printf ' begins'; letters 65529 ' '
    letters 65536 s; printf ' '; letters 65535 t; printf ' done'
} > data/boundaries
i=0
while [ $i -lt 2000 ]; do
    echo "small file number $i of two thousand" > data/small/$i
    i=$((i + 1))
done
deep=data/deep
i=0
while [ $i -lt 40 ]; do
    mkdir "$deep/d" "$deep/e"
    echo "deep level" > "$deep/e/file"
    echo "before and after" > "$deep/z"
    deep=$deep/d
    i=$((i + 1))
done
ln -s .. data/nested/loop
ln -s loop_b data/loop_a
ln -s loop_a data/loop_b
ln -s plain data/link
mkfifo data/fifo
reference data > want

# --- The same as tr, sort and uniq -----------------------------------------

for workers in 1 2 4; do
    compare "all, --workers $workers" --workers $workers data
done
sort -k1,1nr -k2,2 -c got 2> /dev/null && ok "sorted by count, then word" \
    || fail "the table is not sorted"
grep -q '2 skipped\|[3-9] skipped' err && ok "skipped files are counted" \
    || fail "skipped files are not counted"

(ulimit -n 24 && exec "$wordcount" --top 0 --workers 2 data) > out 2> err
status=$?
awk '{ print $1, $2 }' out > got
[ $status -eq 0 ] && cmp -s want got && ok "24 descriptors" \
    || fail "24 descriptors: status $status or other counts"

ln -s data named_link
compare "a link to a directory on the command line" named_link
"$wordcount" --quiet --top 3 data > out 2> err
[ "$(wc -l < out)" -eq 3 ] && [ ! -s err ] && ok "--top 3 --quiet" \
    || fail "--top 3 --quiet: not three lines, or not quiet"

reference data/plain > want
compare "standard input" - < data/plain
compare "-- ends the options" -- data/plain
compare "--top=0" --top=0 data/plain
mkfifo pipe
cat data/plain > pipe &
compare "a FIFO" pipe
wait $!
: > want
compare "an empty file" data/empty
compare "no words at all" data/no_words

# A word across the reads of a pipe, and one longer than what is kept.
printf '1 together\n' > want
{ printf 'toge'; printf 'ther'; } | compare "a word in two writes" -
letters 2500000 w > too_long
"$wordcount" --top 0 too_long > out 2> err
awk '{ print $1, length($2) }' out > got
printf '2 1048576\n1 402848\n' > want
cmp -s want got && grep -q '2 times a word went on' err \
    && ok "a word of 2.4 MiB in pieces" || fail "a word of 2.4 MiB in pieces"

# --- Bad input --------------------------------------------------------------

expect "unknown option" 2 'no such option' --frobnicate
expect "unknown short option" 2 'no such option' -x
expect "usage is shown" 2 '^usage: ' --frobnicate
expect "--workers 0" 2 'from 1 to 256' --workers 0
expect "--workers 257" 2 'from 1 to 256' --workers 257
expect "--workers -1" 2 'from 1 to 256' --workers -1
expect "--workers many" 2 'from 1 to 256' --workers many
expect "--workers 2x" 2 'from 1 to 256' --workers 2x
expect "--workers, no number" 2 'takes a number' --workers
expect "--top -5" 2 '--top takes' --top -5
expect "--top too large" 2 '--top takes' --top 99999999999999999999
expect "empty path" 2 'must not be empty' ''
expect "two standard inputs" 2 'only once' - -
expect "--worker, no URL" 2 'a URL is' --worker
expect "--worker, no address" 2 'a URL is' --worker tcp://
expect "--worker, not an address" 2 'a URL is' --worker localhost:4000
expect "--coordinate, another transport" 2 'a URL is' --coordinate udp://a:1
expect "--coordinate within the process" 2 'a URL is' --coordinate=inproc://a
expect "--coordinate, too long" 2 'at most 127' \
    --coordinate "ipc:///$(letters 128 x)"
expect "worker and coordinator" 2 'worker or the coordinator' \
    --worker ipc:///a --coordinate ipc:///a
expect "a worker with a path" 2 'from the coordinator' --worker ipc:///a data
expect "a worker with --top" 2 'the coordinator.s' --worker ipc:///a --top 5
expect "--wait 0" 2 'takes seconds' --worker ipc:///a --wait 0
expect "--wait without a worker" 2 'only a --worker' --wait 5 data
expect "standard input for workers" 2 'cannot read' --coordinate ipc:///a -
"$wordcount" --help > out 2> err && grep -q '^usage' out && ok "--help" \
    || fail "--help"

expect "a path that does not exist" 1 'nowhere: No such file' nowhere
expect "a loop of links as a path" 1 'loop_a: Too many levels' data/loop_a
reference data/plain > want
"$wordcount" --top 0 nowhere data/plain > out 2> err
status=$?
awk '{ print $1, $2 }' out > got
[ $status -eq 1 ] && cmp -s want got && grep -q '1 unreadable' err \
    && ok "the rest is counted" || fail "the rest is not counted"
# A file that is there when it is found and gone when it is opened: one worker
# has two readers, both busy with FIFOs until then.
mkfifo pipe_a pipe_b
echo gone > gone
"$wordcount" --workers 1 pipe_a pipe_b gone data/plain > out 2> err &
counter=$!
exec 8> pipe_a 9> pipe_b
rm gone
exec 8>&- 9>&-
wait $counter
[ $? -eq 1 ] && grep -q 'gone: No such file' err && grep -q '^ *5 foo' out \
    && ok "a file that vanishes" || fail "a file that vanishes"
i=0
set --
while [ $i -lt 50 ]; do
    set -- "$@" "nowhere$i"
    i=$((i + 1))
done
expect "many missing paths" 1 'and 30 more' "$@"
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked
    echo secret > locked/file
    echo secret > locked_file
    chmod 0 locked locked_file
    expect "a locked directory" 1 'locked: Permission denied' locked
    expect "a locked file" 1 'locked_file: Permission denied' locked_file
fi
"$wordcount" --top 0 --quiet data | head -n 1 > out && [ -s out ] \
    && ok "the reader of the output goes away" || fail "| head"
if [ -w /dev/full ]; then
    "$wordcount" data/plain > /dev/full 2> err
    [ $? -eq 1 ] && grep -q 'standard output: ' err && ok "a full disk" \
        || fail "a full disk is not reported"
fi

# --- Signals ----------------------------------------------------------------

# interrupt <name> <signal> <status>: reads a FIFO that is never closed.
interrupt()
{
    rm -f pipe
    mkfifo pipe
    "$wordcount" --top 0 data/plain pipe > out 2> err &
    counter=$!
    exec 9> pipe # goes on when it has been opened for reading
    printf 'late late ' >&9
    kill "-$2" $counter
    wait $counter
    status=$?
    exec 9>&-
    if [ $status -ne "$3" ]; then
        fail "$1: ended with $status, not $3"
    elif ! grep -q "stopped by SIG$2" err || ! grep -q ' words, ' err; then
        fail "$1: the summary does not say so"
    else
        ok "$1"
    fi
}
interrupt "Ctrl-C" INT 130
interrupt "SIGTERM" TERM 143

# A FIFO that nobody ever writes; the other one tells that all has begun.
rm -f pipe silent
mkfifo pipe silent
"$wordcount" pipe silent > out 2> err &
counter=$!
exec 9> pipe
kill -INT $counter
wait $counter
status=$?
exec 9>&-
[ $status -eq 130 ] && ok "Ctrl-C while nobody writes" \
    || fail "Ctrl-C while nobody writes: ended with $status"

# A stream without an end, in full flow.
"$wordcount" --top 0 pipe > out 2> err &
counter=$!
exec 9> pipe
yes 'over and over again' >&9 2> yes_err &
yes_pid=$!
exec 9>&-
kill -INT $counter
wait $counter
status=$?
wait $yes_pid
[ $status -eq 130 ] && ok "Ctrl-C in full flow" \
    || fail "Ctrl-C in full flow: ended with $status"

exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# wordcount with its workers as processes. Nothing is guessed about time: a file
# with a hole of a TiB keeps a worker busy until it is made small.
# usage: wordcount_spread_test.sh <wordcount> <case>
# shellcheck source=tests/integration/wordcount_lib.sh
. "$(dirname "$0")/wordcount_lib.sh"
# shellcheck source=tests/integration/nng/lib.sh
. "$(dirname "$0")/nng/lib.sh"

# run NAME ARGUMENT ...: starts wordcount, whose standard error can be awaited; the
# table goes to NAME.table.
run()
{
    name=$1
    shift
    rm -f "$name.pipe" # of one that has ended
    # shellcheck disable=SC2016  # for the other shell
    start "$name" sh -c 'table=$1; shift; exec "$@" 2>&1 >"$table"' sh \
        "$name.table" "$program" "$@"
}

# coordinate URL PATH ...: a coordinator; $url is where it is.
coordinate()
{
    address=$1
    shift
    run coordinator --coordinate "$address" --top 0 "$@"
    bound coordinator 'wordcount: workers are expected'
}

# same NAME: the coordinator's table is that of tr, sort and uniq for the PATHs.
same()
{
    name=$1
    shift
    reference "$@" >want
    judge "$name" coordinator.table
}

# endless: a file that keeps who reads it busy, as a lease of its own, until the
# test writes another one over it.
endless()
{
    echo 'begun ' >endless
    truncate -s 1T endless
}

# freeze NAME: stops it, and comes back when all its threads have stopped: the signal
# takes a while, in which they go on.
freeze()
{
    eval "pid=\$pid_$1"
    kill -STOP "$pid"
    # shellcheck disable=SC2154  # eval
    while grep -q '^State:[[:space:]]*[A-SU-Z]' "/proc/$pid/task/"*/status; do
        :
    done
}

# say FORMAT: asks the coordinator something as a stranger, by the bytes that it
# sends; the answer's are in $answer, in hexadecimal.
say()
{
    # shellcheck disable=SC2059  # it is one
    printf "$1" >question
    nngcat --req --dial "$url" --file question --raw --recv-timeout 20 >answer
    answer=$(od -An -v -tx1 answer | tr -d ' \n')
}

# take_lease: gets a file as a stranger, by ["want", {}]. The answer begins with
# ["grant", {1: GO_ON, 2: ...; that is the lease's number, eight bytes, in $lease
# as printf writes them.
take_lease()
{
    say '\202\144want\240'
    case $answer in
    82656772616e74a40101021b*) ;;
    *) fail "no lease: $answer" ;;
    esac
    lease=$(tail -c +13 answer | head -c 8 | od -An -v -to1 | sed 's/ /\\/g')
}
go_on=8265676f5f6f6ea10101      # ["go_on", {1: GO_ON}]
lease_gone=8265676f5f6f6ea10103 # ["go_on", {1: LEASE_GONE}]

# ended NAME STATUS WORDS: it ends so, with a message that has the words.
ended()
{
    eval "fd=\$fd_$1"
    # Not by cat: the watchdog could not end it.
    while read -r line <&"$fd"; do
        printf '%s\n' "$line" >>"$1.out"
    done
    expect_end "$1" "$2"
    grep -q -e "$3" "$1.out" && ok "$1 says: $3" || fail "$1 does not say: $3"
}

mkdir -p data/some/deep
i=0
while [ $i -lt 200 ]; do
    echo "file number $i of some, each with a Word or Two" >"data/some/deep/$i"
    i=$((i + 1))
done
: >data/empty
printf 'at the end' >data/no_newline
echo 'a name that is no text' >"data/$(printf 'odd\n\377')"
# Enough different words for several messages.
awk 'BEGIN {
    for (i = 0; i < 20000; i++) {
        word = ""
        for (n = i; n > 0; n = int(n / 26)) word = word sprintf("%c", 97 + n % 26)
        print word, word, "x"
    }
}' >data/different
ln -s empty data/link
ipc=ipc://$work/workers

case $2 in
ipc)
    endless
    coordinate "$ipc" endless data
    run first --worker "$url" --workers 1
    await first '*at work'
    run second --worker "$url" --workers 2
    await second '*at work'
    echo 'begun' >endless
    expect_end first 0
    expect_end second 0
    expect_end coordinator 0
    same "two workers count as tr, sort and uniq" endless data
    ;;
tcp)
    # A word that is longer than a message usually is, and one that is cut.
    { letters 1048576 r; echo; letters 2000000 s; } >data/long
    "$program" --top 0 data >alone 2>alone.err || fail "alone"
    coordinate tcp://127.0.0.1:0 data
    run first --worker "$url"
    expect_end first 0
    ended coordinator 0 '1 times a word went on'
    cmp -s alone coordinator.table && ok "the same as alone" \
        || fail "not the same as alone"
    grep -qxF "$(grep ' words, ' alone.err)" coordinator.out \
        && ok "the same summary" || fail "another summary"
    ;;
killed)
    endless
    coordinate "$ipc" endless data
    run first --worker "$url" --workers 1
    await first '*at work'
    slay first
    echo 'begun again' >endless
    run second --worker "$url"
    await coordinator '*: 1 files are given out again'
    expect_end second 0
    expect_end coordinator 0
    same "the work of a killed worker is done again" endless data
    ;;
stranger)
    endless
    coordinate "$ipc" endless data/no_newline
    run first --worker "$url" --workers 1
    await first '*at work'
    # Who has a file, sends words of it, ["counted", {1: lease, 2: "9 words\n"}],
    # and goes. Those are refused if that took long.
    take_lease
    say "\\202\\147counted\\242\\001\\033$lease\\002\\1109 words\\n"
    [ "$answer" = "$go_on" ] || [ "$answer" = "$lease_gone" ] \
        || fail "counted: $answer"
    await coordinator '*: 1 files are given out again'
    # It is another's by now. ["finished", {1: lease}]
    say "\\202\\147counted\\242\\001\\033$lease\\002\\1109 words\\n"
    [ "$answer" = "$lease_gone" ] || fail "counted: $answer"
    say "\\202\\150finished\\241\\001\\033$lease"
    [ "$answer" = "$lease_gone" ] || fail "finished: $answer"
    ok "what comes for a lease that was given away is refused"
    take_lease
    say "\\202\\147counted\\242\\001\\033$lease\\002\\1109 WORDS\\n"
    [ "$answer" = "$lease_gone" ] || fail "junk: $answer"
    await coordinator '*: 1 files are given out again'
    ok "what are no words is refused"
    echo 'begun' >endless
    expect_end first 0
    ended coordinator 0 ' 2 leases, [2-9] files given out again'
    same "none of it is counted" endless data/no_newline
    ;;
hung)
    # A worker that does not move, until another has done its work.
    endless
    coordinate "$ipc" endless
    run first --worker "$url" --workers 1
    await first '*at work'
    freeze first
    echo 'begun again' >endless
    run second --worker "$url"
    await coordinator '*workers: 2'
    run third --worker "$url"
    await coordinator '*workers: 3'
    slay third
    await coordinator '*: 1 files are given out again'
    await second '*at work'
    kill -CONT "$pid_first"
    expect_end second 0
    expect_end coordinator 0
    same "a worker that comes too late does not count" endless
    # It hears that all is done, or finds nobody when that took long.
    wait "$pid_first"
    status=$?
    [ $status -eq 0 ] || [ $status -eq 3 ] || fail "it ended with $status"
    ;;
renewed)
    # A stranger as coordinator, which has one answer to all: ["grant", {1: GO_ON,
    # 2: 1, 4: "endless\0"}].
    endless
    printf '\202\145grant\243\001\001\002\001\004\110endless\000' >reply
    start stranger nngcat --rep --listen "$ipc" --file reply --quoted
    run first --worker "$ipc" --workers 1
    await stranger '*want*'
    await stranger '*counted*'
    ok "a worker says that it is still at it"
    ended first 3 'the coordinator at ipc:.* does not answer'
    ;;
early)
    run first --worker "$ipc"
    await first '*waiting for a coordinator at *'
    coordinate "$ipc" data
    expect_end first 0
    expect_end coordinator 0
    same "a worker may begin first" data
    run first --worker "$ipc" --wait 1
    ended first 3 'no coordinator at ipc:.* within 1 seconds'
    run first --worker tcp://127.0.0.1:99999
    ended first 3 'tcp://127.0.0.1:99999'
    ;;
gone)
    endless
    coordinate "$ipc" endless
    run first --worker "$url" --workers 1
    await first '*at work'
    slay coordinator
    ended first 3 'the coordinator at ipc:.* is gone'
    coordinate tcp://127.0.0.1:0 endless
    run second --worker "$url" --workers 1
    await second '*at work'
    kill -INT "$pid_second"
    expect_end second 130
    ;;
stopped)
    # What is finished is counted and printed, what is not is not.
    endless
    coordinate "$ipc" endless data
    run first --worker "$url" --workers 1
    await first '*at work'
    run second --worker "$url" --workers 1
    await second '*at work'
    kill -INT "$pid_coordinator"
    ended coordinator 130 'stopped by SIGINT; this was counted'
    expect_end first 0
    expect_end second 0
    grep -q begun coordinator.table && fail "what was not finished is counted"
    run coordinator --coordinate "$ipc" data
    await coordinator '*expected at *'
    kill -TERM "$pid_coordinator"
    ended coordinator 143 ' 0 files, 0 bytes'
    ;;
unreadable)
    mkfifo fifo
    coordinate "$ipc" data/no_newline nowhere fifo
    run first --worker "$url"
    expect_end first 0
    ended coordinator 1 'wordcount: nowhere: No such file'
    grep -q '1 files, 10 bytes, 3 words, 3 different, 2 unreadable' \
        coordinator.out && ok "it is counted" || fail "the summary is wrong"
    grep -q 'fifo: Invalid argument' coordinator.out && ok "no FIFOs" \
        || fail "a FIFO is not reported"
    run coordinator --coordinate "$ipc" data
    await coordinator '*expected at *'
    run second --coordinate "$ipc" data
    ended second 3 'the address is in use'
    run third --coordinate ipc:///nowhere/at/all data
    ended third 3 '/nowhere/at/all'
    ;;
*)
    fail "no case $2"
    ;;
esac
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - checks the models in this directory with Spin.
#
# usage: run.sh <work directory> [model]
#
# Checks all models, or the one that is named.
# Every model must hold in every configuration and come to an end in some, and every
# planted bug must be found, and by the assertion that is meant to find it (a model that fails
# for another reason proves nothing). One line per check; exits with 1 when any is
# wrong, with 2 when a check could not be made. Needs spin and a C compiler (CC).
set -u

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 <work directory> [model]" >&2
    exit 2
fi
only=${2-}
models=$(cd "$(dirname "$0")" && pwd) || exit 2
mkdir -p "$1" || exit 2
cd "$1" || exit 2
cc=${CC:-gcc}

for tool in spin "$cc"; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "run.sh: $tool not found" >&2
        exit 2
    fi
done

checks=0
wrong=0

# is_wanted <model>
is_wanted()
{
    [ -z "$only" ] || [ "$1" = "$only" ]
}

# explore <cc options> <pan options> <model> <defines...>: leaves pan's output in the
# file `out`. Searches of a planted bug stop at once, so they are compiled without
# optimisation: that takes a fifth of the time. -O2 would take longer than it saves.
explore()
{
    compile=$1
    search=$2
    model=$3
    shift 3
    rm -f pan pan.* out ./*.trail
    # The model is copied so that the trail lies in the work directory.
    cp "$models/$model.pml" . || exit 2
    # shellcheck disable=SC2086  # a list of options
    if ! { spin -a "$@" "$model.pml" &&
        "$cc" $compile -DNOFAIR -DMEMLIM=1900 -w -o pan pan.c; } >out 2>&1; then
        cat out >&2
        exit 2
    fi
    # shellcheck disable=SC2086
    ./pan $search -m200000 -w22 -n >out 2>&1
    states=$(awk '/states, stored/ { printf "%d", $1; exit }' out)
    seconds=$(awk '/elapsed time/ { print $4; exit }' out)
}

# report <ok|WRONG> <text> <note>
report()
{
    checks=$((checks + 1))
    if [ "$1" != ok ]; then
        wrong=$((wrong + 1))
        # Keeps what is needed to replay it: spin -t -p -g <model>.pml
        kept="wrong-$checks"
        mkdir -p "$kept" && cp out ./*.pml "$kept"
        cp ./*.trail "$kept" 2>/dev/null
    fi
    printf '%-5s %-62s %9s states %6s s  %s\n' \
        "$1" "$2" "${states:-?}" "${seconds:-0}" "$3"
}

# judge <text> <note>: reports whether there was no error in a complete search.
judge()
{
    if grep -q 'errors: 0' out &&
        ! grep -q -e 'not completed' -e 'depth too small' out; then
        report ok "$1" "$2"
    else
        report WRONG "$1" "$(grep -e 'pan:1' -e 'not completed' -e 'too small' out | head -n 1)"
    fi
}

# holds <model> <defines...>: no assertion fails, nothing is stuck.
holds()
{
    is_wanted "$1" || return 0
    explore "-O1 -DSAFETY" "" "$@"
    judge "$*" "holds"
}

# ends <model> <defines...>: no assertion fails, and there is no cycle of states: whatever
# the order of steps, everybody is through after a finite number of them. (A cycle
# without a progress label is what -DNP and -l look for; no model has such labels.)
ends()
{
    is_wanted "$1" || return 0
    explore "-O1 -DNP" -l "$@"
    judge "$*" "holds, and comes to an end"
}

# finds <assertion> <model> <defines...>: an error, by the assertion whose text has
# <assertion> in it.
finds()
{
    expected=$1
    shift
    is_wanted "$1" || return 0
    explore "-O0 -DSAFETY" "" "$@"
    found=$(grep '^pan:1: assertion violated' out)
    if grep -q 'errors: 1' out && printf '%s\n' "$found" | grep -qF -e "$expected"; then
        report ok "$*" "found by: $expected"
    else
        report WRONG "$*" "expected $expected; got: ${found:-no error}"
    fi
}

# ---- mailbox: bound 1 and 2; who waits, who gives up, who is not bounded; stops
ends mailbox -DK2=WAITS
ends mailbox -DCAP=2 -DSTOPS=1 -DN2=0
holds mailbox -DCAP=2 -DN0=2 -DN1=2 -DK2=SYSTEM
holds mailbox -DCAP=2 -DBUDGET=2 -DN0=2 -DN1=2
holds mailbox -DSTOPS=1
holds mailbox -DSTOPS=1 -DK2=SYSTEM
holds mailbox -DSTOPS=1 -DCAP=2 -DN0=2 -DN2=0
holds mailbox -DSTOPS=2 -DN2=0

finds '!(queued)' mailbox -DBUG_FETCH_ADD -DK0=TRIES -DK1=TRIES
finds 'senders_done==' mailbox -DBUG_IDLE_NO_RECHECK
finds 'fifo_head==0' mailbox -DBUG_FIFO_FORGOTTEN -DCAP=2
finds 'ended[(m-1)]' mailbox -DBUG_NO_REVERSE -DCAP=2 -DN0=2
finds 'fifo_head==0' mailbox -DBUG_SEEN_ALONE -DCAP=2
finds '!(ended[m])' mailbox -DBUG_SEEN_TAKEN_TWICE -DSTOPS=1
finds 'senders_done==' mailbox -DBUG_WAIT_UNLOCKED
finds 'senders_done==' mailbox -DBUG_LOW_WATER_ONCE
finds 'senders_done==' mailbox -DBUG_CLOSE_FORGETS_WAITERS -DSTOPS=1
finds 'stop_flag' mailbox -DBUG_CTRL_LOST -DSTOPS=1 -DN2=0
finds 'target_of[m]==generation' mailbox -DBUG_GEN_IGNORED -DSTOPS=1
finds 'stop_' mailbox -DBUG_STOP_GEN_IGNORED -DSTOPS=2 -DN2=0

# ---- promise: where the deadline's timer is
holds promise -DTIMER=THERE
holds promise -DTIMER=HERE
ends promise -DTIMER=NEVER

finds 'ends[r]==1' promise -DBUG_NO_CAS
finds '(state/4)==r' promise -DBUG_GEN_IGNORED
finds '!(armed)' promise -DBUG_FREE_BEFORE_TIMER_REMOVED
finds '(state/4)==expired' promise -DBUG_TIMER_LEFT_ARMED
finds 'notices[r]==1' promise -DBUG_LATE_REPLY_DELIVERED
finds 'state==((2*4)+0)' promise -DBUG_ASKER_DEATH_LEAKS
finds '(state/4)==r' promise -DBUG_CLOSE_BEFORE_WALK

# ---- sleep
ends sleep -DITEMS0=1 -DITEMS1=1 -DSPAWNS=0
holds sleep -DITEMS0=2 -DITEMS1=1 -DSPAWNS=0
holds sleep -DITEMS0=1 -DITEMS1=1 -DSPAWNS=1

finds 'inject==0' sleep -DBUG_NO_RECHECK
finds 'inject==0' sleep -DBUG_CHECK_BEFORE_ENQUEUE
finds 'inject==0' sleep -DBUG_FLAG_NOT_CLEARED
finds 'inject==0' sleep -DBUG_STALE_RING_KEEPS_FLAG
finds 'inject==0' sleep -DBUG_SEARCH_LEFT_LATE
finds 'inject==0' sleep -DBUG_NO_HANDOVER
finds '!(elected[i])' sleep -DBUG_RING_WITHOUT_ELECTION

echo "$checks checks, $wrong wrong"
[ "$wrong" -eq 0 ] && [ "$checks" -gt 0 ]

# SPDX-License-Identifier: MIT
# What the tests of wordcount with failing calls share; sourced.
failed=0
runs=0

# A sanitizer's report is no ordinary failure.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99:allocator_may_return_null=1"
export TSAN_OPTIONS="${TSAN_OPTIONS:+$TSAN_OPTIONS:}exitcode=99"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=99"

# each_call RUN STEP CALL ERRNO TIMES: fails each n-th call in turn, for n = 1, 1 +
# STEP, ... until two runs meet no failure. RUN is a command; what AKT_FAIL is to be
# for it is in $fault, and it has to leave the file `report`. $met is how many met one.
each_call() {
    n=1
    quiet=0
    met=0
    while [ $quiet -lt 2 ]; do
        rm -f report
        fault="$3 $n $5 $4"
        "$1"
        runs=$((runs + 1))
        if [ "$(cat report 2>/dev/null || echo 1)" = 0 ]; then
            quiet=$((quiet + 1))
        else
            quiet=0
            met=$((met + 1))
        fi
        n=$((n + $2))
        [ $failed -lt 5 ] || exit 1
    done
    echo "$1: $3 ($4, $([ "$5" = 0 ] && echo 'for ever' || echo "$5")): $met times"
}

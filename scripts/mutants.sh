#!/bin/sh
# SPDX-License-Identifier: MIT
# mutants.sh [BUG ...]: shows that the tests find the planted bugs, all of them or
# those that are named. Builds the preset "mutants"; runs each test of
# tests/mutants.txt without a bug, when it has to pass, and with the bug that it
# is to find. Prints "bug | killed by | seeds needed | seconds", what went wrong,
# and "N passed, N failed" at the end. AKT_JOBS sets the number of parallel jobs.
set -u
cd "$(dirname "$0")/.." || exit 2
table=tests/mutants.txt
build=build/mutants
results=$build/results
jobs=${AKT_JOBS:-$(nproc)}

# run_with BUG TEST SEEDS SECONDS: one run of one test. What loops is ended by the
# processor's time, so that a busy machine ends nothing else; what waits for ever,
# by that of the clock.
run_with() (
    ulimit -c 0
    ulimit -v 8000000
    ulimit -t "$4"
    case $3 in
    -) ;;
    /*) export AKT_STRESS_PART="${3#/}" ;;
    *) export AKT_SIM_SEEDS="$3" ;;
    esac
    case $2 in *:*) export AKT_TEST="${2#*:}" ;; esac
    exec env AKT_MUTANT="$1" timeout -k 1 "$(($4 * 2))" \
        "$build/tests/${2%%:*}"
)

# how STATUS LOG: what became of a run; "wrong" when there was no test to run.
how() {
    case $1 in
    0) grep -q '\] 0 test(s) run' "$2" && echo wrong || echo survived ;;
    124 | 137 | 152) echo hung ;; # 152: SIGXCPU
    125 | 126 | 127) echo wrong ;;
    134 | 13[5-9]) grep -q '^HANGS' "$2" && echo hung || echo crashed ;;
    *) echo failed ;;
    esac
}

# job NUMBER BUG TEST SEEDS SECONDS: runs the test for 1, 4, 16 ... seeds until it
# fails, and writes "bug|test|how|seeds needed|seconds".
job() {
    log=$results/$1.log
    seeds=1
    case $4 in [!0-9]*) seeds=$4 ;; esac
    began=$(date +%s%N)
    while :; do
        status=0
        run_with "$2" "$3" "$seeds" "$5" >"$log" 2>&1 || status=$?
        [ $status -ne 0 ] || [ "$seeds" = "$4" ] && break
        seeds=$((seeds * 4 < $4 ? seeds * 4 : $4))
    done
    took=$((($(date +%s%N) - began) / 10000000))
    # The test's own word is exact, where it could still say something.
    said=$(sed -n 's/.*AKT_SIM_SEED=\([0-9]*\);.*/\1/p' "$log" | head -n 1)
    [ -n "$said" ] && case $seeds in [0-9]*) seeds=$((said + 1)) ;; esac
    printf '%s|%s|%s|%s|%d.%02d\n' "$2" "$3" "$(how $status "$log")" "$seeds" \
        $((took / 100)) $((took % 100)) >"$results/$1.result"
}

if [ "${1-}" = --job ]; then
    shift
    job "$@"
    exit
fi

cmake --preset mutants >$build.log 2>&1 \
    && cmake --build $build -j "$jobs" --target akt_killers >>$build.log 2>&1 || {
    cat $build.log
    echo "0 passed, 1 failed"
    exit 1
}
rm -rf $results
mkdir -p $results
began=$(date +%s)

# One job for each line, and before that one for each test without a bug.
awk -v wanted=" $* " '
    /^#/ || NF == 0 || (wanted != "  " && !index(wanted, " " $1 " ")) { next }
    {
        seconds = NF > 3 ? $4 : 10
        test = $2 ($3 ~ /^\// ? " " $3 : "")
        if (!(test in most))
            order[++tests] = test
        if (!(test in most) || $3 + 0 > most[test] + 0)
            most[test] = $3
        if (seconds > longest[test] + 0)
            longest[test] = seconds
        line[++lines] = $1 " " $2 " " $3 " " seconds
    }
    END {
        for (i = 1; i <= tests; i++)
            printf "0%03d none %s %s %s\n", i, substr(order[i] " ", 1,
                index(order[i] " ", " ") - 1), most[order[i]],
                longest[order[i]]
        for (i = 1; i <= lines; i++)
            printf "1%03d %s\n", i, line[i]
    }' $table >$results/jobs
[ -s $results/jobs ] || {
    echo "$table has no such bug: $*" >&2
    exit 2
}
xargs -n 5 -P "$jobs" sh scripts/mutants.sh --job <$results/jobs

# Each bug that the library has is in the table, and no other.
program=$build/tests/$(sed -n '1s/[^ ]* [^ ]* \([^: ]*\).*/\1/p' $results/jobs)
AKT_MUTANT=list "$program" | sed 's/ .*//' | sort >$results/planted
sed -n 's/^\([a-z][a-z0-9_]*\) .*/\1/p' $table | sort -u >$results/listed
unlisted=$(comm -3 $results/planted $results/listed | tr -d '\t')

cat $results/*.result | awk -F '|' -v unlisted="$unlisted" \
    -v began="$began" -v now="$(date +%s)" '
    $1 == "none" {
        sound += ok = $3 == "survived"
        if (!ok)
            wrong[++bad] = $2 ": " ($3 == "wrong" ? "no such test" \
                : $3 " without a bug")
        next
    }
    $3 == "survived" || $3 == "wrong" {
        wrong[++bad] = $1 ": not found by " $2
        survived++
        next
    }
    {
        if (!killed++)
            printf "%-28s | %-76s | %5s | %7s\n", "bug", "killed by", "seeds",
                "seconds"
        printf "%-28s | %-76s | %5s | %7s\n", $1, $2 \
            ($3 == "failed" ? "" : " (" $3 ")"), $4, $5
    }
    END {
        n = split(unlisted, names, "\n")
        for (i = 1; i <= n; i++)
            wrong[++bad] = names[i] ": is in only one of mutant.h and mutants.txt"
        for (i = 1; i <= bad; i++)
            print "FAIL: " wrong[i]
        printf "%d killed, %d survived, %d s\n", killed, survived, now - began
        printf "%d passed, %d failed\n", killed + sound, bad
        exit bad > 0 || killed == 0
    }'

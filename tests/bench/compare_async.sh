#!/bin/sh
# SPDX-License-Identifier: MIT
# compare_async.sh [OPTION].. [AKT_BENCH]: runs the rows of AKT_BENCH (akt_bench)
# and of the same programs in Tokio (peers/tokio) in turns, and prints for each
# row the medians and by how much akt is faster than the best variant of Tokio:
# with workers against those of its multi-threaded runtime (mt), and with one
# worker (akt-1) against those of its current_thread runtime (ct).
#
#   -r ROUNDS      how often all are run (5)
#   -b ROW,..      only these rows
#   -v VARIANT,..  mt: 2 workers, ct: current_thread; with -tuned, -je or both
#   -n N           this many operations instead of the defaults
#   -w WORKERS     of akt and of Tokio's mt (2)
#   -c             CPU time in place of time, for busy machines
#   -m             the lowest figure in place of the median
#
# Exit 1: a run has failed; 2: not understood, or Tokio is missing.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../build/peers/tokio
rounds=5 rows='' n='' workers=2 figure=ns_per_op middle=median akt='' failed=0
variants='mt mt-tuned mt-je ct ct-tuned ct-je'

usage() {
    sed -n '3,/^set/s/^# \{0,1\}//p' "$here/compare_async.sh" >&2
    exit 2
}

words() { echo "$1" | tr ',' ' '; }

while getopts r:b:v:n:w:cm option; do
    case $option in
    r) rounds=$OPTARG ;;
    b) rows=$(words "$OPTARG") ;;
    v) variants=$(words "$OPTARG") ;;
    n) n=$OPTARG ;;
    w) workers=$OPTARG ;;
    c) figure=cpu_s ;;
    m) middle=lowest ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -le 1 ] || usage
case $rounds in '' | *[!0-9]*) usage ;; esac
for variant in $variants; do
    case $variant in
    mt | mt-tuned | mt-je | mt-tuned-je) ;;
    ct | ct-tuned | ct-je | ct-tuned-je) ;;
    *) usage ;;
    esac
done
akt=${1-}
if [ -n "$akt" ] && [ ! -x "$akt" ]; then
    echo "compare_async.sh: $akt is not a program." >&2
    exit 2
fi

command -v make >/dev/null || {
    echo "make is missing: apt-get install make" >&2
    exit 2
}
make -s -C "$here/peers/tokio" OUT="$out" || exit 2
tokio=$out/tokio_bench
[ -n "$rows" ] || rows=$("$tokio" --list | awk '{ print $1 }')

# What cannot be loaded is said by the loader; the program runs all the same.
jemalloc=libjemalloc.so.2
if [ -n "$(LD_PRELOAD=$jemalloc true 2>&1)" ]; then
    jemalloc=
    echo "Without the variants -je: apt-get install libjemalloc2" >&2
fi

lines=$(mktemp) || exit 2
trap 'rm -f "$lines"' EXIT
trap 'exit 1' HUP INT TERM

# keep VARIANT ROW COMMAND..: runs it, and keeps the figure of its line.
keep() {
    variant=$1 row=$2
    shift 2
    if line=$("$@" </dev/null); then
        echo "$row $variant $line" >>"$lines"
    else
        echo "compare_async.sh: $row of $variant has failed." >&2
        failed=1
    fi
}

# run_tokio VARIANT ROW
run_tokio() {
    variant=$1 row=$2
    set -- "$tokio" "$row" ${n:+"$n"} --workers "$workers"
    case $variant in ct*) set -- "$@" --current-thread ;; esac
    case $variant in *-tuned*) set -- "$@" --tuned ;; esac
    case $variant in
    *-je)
        [ -n "$jemalloc" ] || return
        set -- env LD_PRELOAD=$jemalloc "$@"
        ;;
    esac
    keep "$variant" "$row" "$@"
}

# run_akt NAME WORKERS ROW: when it has this row, and is to be compared so.
run_akt() {
    case $akt_rows in *" $3 "*) ;; *) return ;; esac
    case $1:$variants in
    akt:*mt* | akt-1:*ct*) keep "$1" "$3" "$akt" "$3" ${n:+"$n"} --workers "$2" ;;
    esac
}

akt_rows=
if [ -n "$akt" ]; then
    akt_rows=" $("$akt" --list | awk '{ print $1 }' | tr '\n' ' ')"
fi
round=0
while [ "$round" -lt "$rounds" ]; do
    for row in $rows; do
        run_akt akt "$workers" "$row"
        run_akt akt-1 1 "$row"
        for variant in $variants; do
            run_tokio "$variant" "$row"
        done
    done
    round=$((round + 1))
done

echo "$middle of $rounds rounds; $([ $figure = cpu_s ] && echo CPU' ')ns per" \
    "operation, of sleepers bytes per task; a ratio is best / akt"
awk -v rows="$rows" -v variants="$variants" -v figure="$figure" \
    -v middle="$middle" '
    # The number of that key in this line, or "".
    function number(key) {
        if (!match($0, "\"" key "\":[0-9.]+"))
            return ""
        return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
    }
    function found() {
        if (number("bytes_per_task") != "") return number("bytes_per_task")
        if (number("bytes_per_actor") != "") return number("bytes_per_actor")
        if (figure == "cpu_s") return number(figure) * 1e9 / number("n")
        return number(figure)
    }
    # Keeps the figures of a cell sorted.
    function insert(cell, value, i) {
        for (i = ++count[cell]; i > 1 && figures[cell, i - 1] > value; i--)
            figures[cell, i] = figures[cell, i - 1]
        figures[cell, i] = value
    }
    function taken(cell, last) {
        last = count[cell]
        if (last == 0) return ""
        if (middle == "lowest") return figures[cell, 1]
        return (figures[cell, int((last + 1) / 2)] \
                + figures[cell, int(last / 2) + 1]) / 2
    }
    function shown(value) {
        if (value == "") return "-"
        return sprintf(value < 100 ? "%.1f" : "%.0f", value)
    }
    # Heads of the columns of the variants of this sort, and of what is ours.
    function head(sort, ours) {
        printf "%9s", ours
        for (v = 1; v <= variant_count; v++)
            if (variant[v] ~ "^" sort) printf "%12s", variant[v]
        printf "%8s", "ratio"
    }
    function figures_of(row, sort, ours, akt, best, v, value) {
        akt = taken(row " " ours)
        printf "%9s", shown(akt)
        for (v = 1; v <= variant_count; v++) {
            if (variant[v] !~ "^" sort) continue
            value = taken(row " " variant[v])
            printf "%12s", shown(value)
            if (value != "" && (best == "" || value < best)) best = value
        }
        printf "%8s", (best != "" && akt > 0 ? sprintf("%.2f", best / akt) : "-")
    }
    { insert($1 " " $2, found() + 0) }
    END {
        row_count = split(rows, row, " ")
        variant_count = split(variants, variant, " ")
        printf "%-12s", "row"
        if (variants ~ /mt/) head("mt", "akt")
        if (variants ~ /ct/) head("ct", "akt-1")
        printf "\n"
        for (r = 1; r <= row_count; r++) {
            printf "%-12s", row[r]
            if (variants ~ /mt/) figures_of(row[r], "mt", "akt")
            if (variants ~ /ct/) figures_of(row[r], "ct", "akt-1")
            printf "\n"
        }
    }' "$lines"
exit $failed

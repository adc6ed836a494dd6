#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts much generated text, from a pipe so that no disk is used, and looks at
# the peak of the memory.
# usage: wordcount_memory.sh <wordcount> [MiB of text, default 1024] [limit in KiB]
set -u

wordcount=$1
mib=${2:-1024}
limit_kib=${3:-65536}
summary=$(mktemp) || exit 1
trap 'rm -f "$summary" "$summary.out"' EXIT
trap 'exit 1' INT TERM

fail()
{
    echo "FAILED: $*"
    cat "$summary"
    exit 1
}

# A MiB of text from a fixed generator, with some 20000 different words; it is
# made once and written again and again.
generate()
{
    LC_ALL=C awk -v mib="$1" 'BEGIN {
        x = 42
        letters = "etaoinshrdlucmfwypvbgkqjxz"
        while (length(text) < 1048576) {
            line = ""
            for (w = 0; w < 1024; w++) {
                x = (x * 1103515245 + 12345) % 2147483648
                n = int(x / 65536) % 20000
                word = ""
                do {
                    word = word substr(letters, n % 26 + 1, 1)
                    n = int(n / 26)
                } while (n > 0)
                line = line word (w % 12 == 11 ? "\n" : " ")
            }
            text = text line
        }
        text = substr(text, 1, 1048575) "\n"
        for (i = 0; i < mib; i++) printf "%s", text
    }'
}

generate "$mib" | "$wordcount" --top 5 - > "$summary.out" 2> "$summary" \
    || fail "it ended with $?"
grep -q " $((mib * 1048576)) bytes," "$summary" || fail "not all was read"

# One MiB counted by others, times the number of MiB, gives the same.
generate 1 | LC_ALL=C tr -cs 'A-Za-z' '\n' | LC_ALL=C tr 'A-Z' 'a-z' \
    | LC_ALL=C sort | uniq -c | LC_ALL=C sort -k1,1nr -k2,2 | head -n 5 \
    | awk -v mib="$mib" '{ print $1 * mib, $2 }' > "$summary.want"
awk '{ print $1, $2 }' "$summary.out" > "$summary.got"
same=no
cmp -s "$summary.want" "$summary.got" && same=yes
rm -f "$summary.want" "$summary.got"
[ $same = yes ] || fail "the counts are wrong"

peak_kib=$(sed -n 's/.*peak memory \([0-9]*\) KiB.*/\1/p' "$summary")
[ -n "$peak_kib" ] || fail "the summary does not tell the peak"
[ "$peak_kib" -lt "$limit_kib" ] \
    || fail "peak memory $peak_kib KiB, allowed $limit_kib"
echo "ok: $mib MiB of text, peak memory $peak_kib KiB"
sed -n '2p' "$summary"

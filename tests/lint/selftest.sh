#!/bin/sh
# SPDX-License-Identifier: MIT
# selftest.sh LINT: shows that a lint can fail. plants/LINT.txt holds cases:
#     @@ good <title>  or  @@ bad <title>
#     @@ file <path>       followed by the lines of the file
#     @@ repeat <n> <line> stands for n such lines
# A "bad" case has to be rejected and a "good" one accepted.
set -u
here=$(cd "$(dirname "$0")" && pwd)
lint=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

# Write case number N to $dir/N/, its "good <title>" line to $dir/N.case.
awk -v dir="$dir" '
    /^@@ (good|bad) / {
        root = dir "/" ++n
        print substr($0, 4) > (root ".case")
        next
    }
    /^@@ file / {
        if (out != "")
            close(out)
        out = root "/" $3
        folder = out
        sub("/[^/]*$", "", folder)
        system("mkdir -p " folder)
        next
    }
    /^@@ repeat / {
        line = $0
        sub(/^@@ repeat [0-9]+ /, "", line)
        for (i = 0; i < $3; i++)
            print line > out
        next
    }
    { print > out }
' "$here/plants/$lint.txt" || exit 2

cases=0 failed=0 bad=0
for case in "$dir"/*.case; do
    read -r verdict title <"$case"
    root=${case%.case}
    if [ -e "$here/$lint.awk" ]; then
        set -- "$here/run.sh" "$lint" "$root"
    else
        set -- "$here/$lint.sh" "$root"
    fi
    got=good
    sh "$@" >"$dir/output" 2>&1 || got=bad
    # A lint that crashes has found nothing.
    grep -q '^FAIL' "$dir/output" || [ $got = good ] || got=crash
    cases=$((cases + 1))
    [ "$verdict" = bad ] && bad=$((bad + 1))
    [ "$got" = "$verdict" ] && continue
    echo "FAIL: lint $lint: '$title' should be $verdict, was $got"
    cat "$dir/output"
    failed=$((failed + 1))
done
echo "$cases cases, $bad of them planted violations, $failed wrong"
[ $failed -eq 0 ] && [ $bad -gt 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT
# The page about tasks says what is there: a ```c block below the heading of a
# program is a piece of it, the ```text block is what it has to print, every
# program has such a heading, and every name of akt is one of the headers.
# usage: async_page_test.sh <examples/async> <include/akt> [page]
set -u

folder=$1
headers=$2
page=${3:-$folder/README.md}
[ -r "$page" ] || exit 2

failed=0
fail() {
    echo "FAILED: $1"
    failed=1
}

LC_ALL=C awk -v folder="$folder" '
    function content(file,    text, line) {
        text = "\n"
        while ((getline line < file) > 0)
            text = text line "\n"
        close(file)
        return text
    }
    function complain(what) {
        print "FAILED: " name ": " what
        failed = 1
    }
    function leave() {
        if (name != "" && (pieces == 0 || prints != 1))
            complain("it wants a ```c block and one ```text block")
        pieces = prints = 0
    }
    /^### / {
        leave()
        name = $0
        sub(/^[^`]*`/, "", name)
        sub(/\.c`.*/, "", name)
    }
    /^## / { leave(); name = "" }
    /^```/ && kind != "" {
        if (kind == "c" && ++pieces &&
            !index(content(folder "/" name ".c"), block))
            complain("a piece is not in the program:" block)
        if (kind == "text" && ++prints &&
            content(folder "/" name ".txt") != block)
            complain("it prints something else than" block)
        kind = ""
        next
    }
    /^```/ { kind = substr($0, 4); block = "\n"; next }
    kind != "" { block = block $0 "\n" }
    END { leave(); exit failed }
' "$page" || failed=1

for program in "$folder"/*.c; do
    grep -q "^### .*\`${program##*/}\`" "$page" \
        || fail "${program##*/} is not on the page"
done
for name in $(grep -Eo '(akt|AKT)_[A-Za-z0-9_]+' "$page" | sort -u); do
    grep -qw "$name" "$headers"/*.h || fail "there is no $name"
done
[ $failed -eq 0 ] && echo "the page says what is there"
exit $failed

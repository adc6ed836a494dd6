#!/bin/sh
# SPDX-License-Identifier: MIT
# readme_example.sh README.md CC FLAG...
# Takes the first ```c block of the README whose first line is /* first.c */,
# compiles it with the flags given (put after the file, so libraries are among
# them), runs it, and compares what it prints with the ```text block that
# follows it.
set -u
readme=$1 cc=$2
shift 2
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

[ -f "$readme" ] || {
    echo "FAIL: there is no $readme"
    exit 1
}
awk -v dir="$dir" '
    /^```/ && block != "" { block = ""; next }
    /^```c *$/ && state == 0 { block = "c"; first = 1; next }
    /^```text *$/ && state == 1 {
        block = "text"
        state = 2
        printf "" > (dir "/expected")
        next
    }
    /^```/ { block = "other"; next }
    block == "c" && first {
        first = 0
        if ($0 !~ /^\/\* first\.c \*\//) { block = "other"; next }
        state = 1
    }
    block == "c" { print > (dir "/first.c") }
    block == "text" { print > (dir "/expected") }
' "$readme"
[ -f "$dir/first.c" ] || {
    echo 'FAIL: the README has no ```c block that begins with /* first.c */'
    exit 1
}
[ -f "$dir/expected" ] || {
    echo 'FAIL: no ```text block follows first.c in the README'
    exit 1
}

"$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
    -o "$dir/first" "$dir/first.c" "$@" || {
    echo "FAIL: first.c of the README does not compile"
    exit 1
}
"$dir/first" >"$dir/printed" </dev/null
status=$?
[ $status -eq 0 ] || {
    cat "$dir/printed"
    echo "FAIL: first.c of the README ended with $status"
    exit 1
}
diff -u "$dir/expected" "$dir/printed" || {
    echo "FAIL: first.c of the README prints something else than it says"
    exit 1
}
echo "first.c of the README does what it says"

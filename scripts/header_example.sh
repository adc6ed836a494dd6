#!/bin/sh
# SPDX-License-Identifier: MIT
# header_example.sh HEADER.h CC FLAG...
# Takes the program between @code and @endcode of the header, compiles it with
# the flags given (put after the file, so libraries are among them) and runs it:
# it has to end with 0. A second time with the first number that it expects
# (".n = 4") changed it has to end with 1: it is a test, so it can fail.
set -u
header=$1 cc=$2
shift 2
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT

sed -n '/@code/,/@endcode/p' "$header" | sed '/code$/d; s/^ \* \{0,1\}//' \
    >"$dir/right.c"
grep -q 'int main' "$dir/right.c" || {
    echo "FAIL: $header has no program between @code and @endcode"
    exit 1
}
sed '/akt_expect_equal/s/\.n = 4/.n = 5/' "$dir/right.c" >"$dir/wrong.c"
cmp -s "$dir/right.c" "$dir/wrong.c" && {
    echo "FAIL: the program of $header does not expect .n = 4"
    exit 1
}

# run NAME STATUS FLAG...: compiles and runs NAME.c.
run() {
    name=$1 expected=$2
    shift 2
    "$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror \
        -o "$dir/$name" "$dir/$name.c" "$@" || {
        echo "FAIL: the program of $header does not compile"
        exit 1
    }
    "$dir/$name" >"$dir/printed" 2>&1 </dev/null
    status=$?
    [ $status -eq "$expected" ] || {
        cat "$dir/printed"
        echo "FAIL: the program of $header ended with $status, not $expected"
        exit 1
    }
}

run right 0 "$@"
run wrong 1 "$@"
grep -q 'expected pong{n=5} within 100 ms, but got pong{n=4} from echo<' \
    "$dir/printed" || {
    cat "$dir/printed"
    echo "FAIL: the changed program does not say what it expected"
    exit 1
}
echo "the program of $header does what it says"

#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh CC INCLUDE_DIR[:INCLUDE_DIR ...] FILE.c
# FILE must compile as it is, without a warning, and must not compile with
# AKT_MUST_FAIL defined. A first line "// expect: REGEX" says what the compiler
# has to answer then (an extended regular expression).
set -u
cc=$1 file=$3
includes=$(printf '%s' "$2" | sed 's/^/-I/; s/:/ -I/g')
flags='-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -c -o /dev/null'

# shellcheck disable=SC2086  # lists of flags
if ! output=$(LC_ALL=C "$cc" $flags $includes "$file" 2>&1); then
    printf '%s\n' "$output"
    echo "FAIL: $file does not even compile without AKT_MUST_FAIL"
    exit 1
fi
# shellcheck disable=SC2086
if output=$(LC_ALL=C "$cc" $flags -DAKT_MUST_FAIL $includes "$file" 2>&1); then
    echo "FAIL: $file compiles with AKT_MUST_FAIL"
    exit 1
fi
expected=$(sed -n '1s|^// expect: ||p' "$file")
if [ -n "$expected" ] && ! printf '%s\n' "$output" | grep -Eq -e "$expected"; then
    printf '%s\n' "$output"
    echo "FAIL: $file is rejected for another reason than /$expected/"
    exit 1
fi
echo "rejected as expected: $file"

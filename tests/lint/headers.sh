#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh ROOT GENERATED CC[:CC ...] CXX[:CXX ...]
# Every header compiles alone, twice in a row, without a warning: all of them as
# C11, the public ones by each compiler, also as C++17, and without any
# feature-test macro. What the public ones name as a header is one.
# GENERATED is the folder with akt/version.h ("-" for none).
set -u
root=$1 generated=$2
ccs=$(printf '%s' "$3" | tr ':' ' ') cxxs=$(printf '%s' "${4-}" | tr ':' ' ')
cd "$root" || exit 2
failed=0 checks=0
strict='-Wall -Wextra -Wpedantic -Wundef -Werror -fsyntax-only'

# compile HEADER COMPILER FLAG...
compile() {
    header=$1
    shift
    checks=$((checks + 1))
    printf '#include "%s"\n#include "%s"\nextern int something;\n' \
        "$header" "$header" \
        | "$@" -I include -I "$generated" - || {
        echo "$header: does not compile alone with $1"
        failed=$((failed + 1))
    }
}

public=$(cd include && find akt -name '*.h'
    [ -d "$generated" ] && cd "$generated" && find akt -name '*.h')
internal=$(find actors mailbox -name '*.h' 2>/dev/null)
# Those of nng's back end need nng.
printf '#include <nng/nng.h>\n' | "${3%%:*}" -fsyntax-only -x c - 2>/dev/null \
    || internal=$(printf '%s\n' "$internal" | grep -v '/nng_')

# shellcheck disable=SC2086  # lists of flags
for header in $public; do
    for cc in $ccs; do
        compile "$header" "$cc" -x c -std=c11 $strict
    done
    for cxx in $cxxs; do
        compile "$header" "$cxx" -x c++ -std=c++17 -Wall -Wextra -Werror \
            -fsyntax-only
    done
done
# Also in comments: what is named there is read next.
for name in $(cd include && grep -ohE '[a-z_0-9]+\.h\b' akt/*.h | sort -u); do
    checks=$((checks + 1))
    [ -f "include/akt/$name" ] || [ -f "$generated/akt/$name" ] \
        || printf '#include <%s>\n' "$name" \
        | "${ccs%% *}" -fsyntax-only -x c - 2>/dev/null || {
        echo "there is no $name, which is named in:" \
            "$(cd include && grep -lwF "$name" akt/*.h | tr '\n' ' ')"
        failed=$((failed + 1))
    }
done
# shellcheck disable=SC2086
for header in $internal; do
    compile "$header" "${ccs%% *}" -x c -std=c11 -D_POSIX_C_SOURCE=200809L \
        -DAKT_TESTING=1 $strict -I .
done

echo "$checks checks, $failed failed"
[ $failed -eq 0 ] || echo "FAIL: lint headers"
[ $failed -eq 0 ] && [ $checks -gt 0 ]

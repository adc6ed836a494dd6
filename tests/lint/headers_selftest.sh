#!/bin/sh
# SPDX-License-Identifier: MIT
# headers_selftest.sh CC[:CC ...] CXX[:CXX ...]
# Shows that the header check accepts a good header and rejects bad ones.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" && mkdir -p include/akt actors/base || exit 2
failed=0

# expect good|bad TITLE FILE TEXT: checks the tree with FILE holding TEXT.
expect() {
    printf '%s\n' "$4" >"$3"
    got=good
    sh "$here/headers.sh" "$dir" - "$ccs" "$cxxs" >output 2>&1 || got=bad
    if [ "$got" != "$1" ]; then
        echo "FAIL: lint headers: '$2' should be $1, was $got"
        cat output
        failed=1
    fi
    rm "$3"
}

ccs=$1 cxxs=${2-}
good='#include <stddef.h>
size_t f(void);'
guarded='#ifndef G_H
#define G_H
#include <stddef.h>
struct g { size_t n; };
#endif'
expect good "two declarations" include/akt/g.h "$good"
expect good "a guarded struct" actors/base/g.h "$guarded"
expect good "a header is named" include/akt/g.h '/* See g.h and math.h. */
int f(void);'
expect bad "a header is named that is not there" include/akt/g.h '/* See h.h. */
int f(void);'
expect bad "a missing include" include/akt/g.h 'size_t f(void);'
expect bad "a missing include inside" actors/base/g.h 'size_t f(void);'
expect bad "no guard" actors/base/g.h 'struct g { int n; };'
if [ -n "$cxxs" ]; then
    expect bad "a C++ keyword" include/akt/g.h 'int f(int class);'
    expect good "a C++ keyword inside" actors/base/g.h 'int f(int class);'
fi
exit $failed

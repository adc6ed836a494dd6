#!/bin/sh
# SPDX-License-Identifier: MIT
# determinism.sh [SEEDS]: builds the library in eight ways (gcc and clang, -O0
# and -O2, with and without the address sanitizer) and runs the same simulated
# program twice in each: a seed has to give the same trace everywhere. SEEDS is
# 1000 unless said. What is built is in build/determinism.
set -u
cd "$(dirname "$0")/.." || exit 2
seeds=${1:-1000}
jobs=${AKT_JOBS:-$(nproc)}
top=build/determinism

# build NAME COMPILER LEVEL SANITIZER
build() {
    cmake -S . -B "$top/$1" -G Ninja -DCMAKE_C_COMPILER="$2" \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$3" -DAKT_SANITIZER="$4" \
        -DAKT_WERROR=ON -DAKT_BUILD_TESTS=ON -DAKT_BUILD_EXAMPLES=OFF \
        >"$top/$1.log" 2>&1 \
        && cmake --build "$top/$1" -j "$jobs" --target trace \
            >>"$top/$1.log" 2>&1
}

mkdir -p "$top"
programs=
for compiler in gcc clang; do
    for level in -O0 -O2; do
        for sanitizer in none address; do
            name=$compiler$level-$sanitizer
            build "$name" $compiler $level $sanitizer || {
                tail -n 30 "$top/$name.log"
                echo "FAILED: $name could not be built"
                exit 1
            }
            programs="$programs $top/$name/tests/determinism/trace"
        done
    done
done
# shellcheck disable=SC2086  # a list of words
AKT_TRACE_SEEDS=$seeds sh tests/determinism/run.sh compare "$top/compare" \
    $programs

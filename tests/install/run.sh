#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD_DIR PROGRAM_DIR CC static|shared
# Installs the build into a folder, moves that folder (an installation is
# relocatable), and builds and runs the program outside the tree, once through
# find_package(akt) and once through pkg-config.
set -eu
build=$1 program=$2 cc=$3 kind=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
step=install
die() {
    echo "FAIL: install test ($kind), step: $step"
    exit 1
}

mkdir "$dir/app"
cp "$program/CMakeLists.txt" "$program/main.c" "$dir/app"
cmake --install "$build" --prefix "$dir/first" >"$dir/log" 2>&1 \
    || { cat "$dir/log"; die; }
mv "$dir/first" "$dir/prefix"
# Nothing installed may know where it was built or installed first.
step="no path of the build in the installed files"
! grep -rl -e "$dir/first" -e "$build" --include='*.cmake' --include='*.pc' \
    --include='*.h' "$dir/prefix" || die

step="find_package, configure"
# As the build itself: there may be no make.
generator=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$build/CMakeCache.txt")
cmake -G "$generator" -S "$dir/app" -B "$dir/cmake" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$dir/prefix" || die
step="find_package, build"
cmake --build "$dir/cmake" || die
step="find_package, run"
"$dir/cmake/uses_akt" || die

step="pkg-config"
pc=$(find "$dir/prefix" -name akt.pc)
[ -n "$pc" ] || die
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")
export PKG_CONFIG_PATH LD_LIBRARY_PATH
static=
[ "$kind" = shared ] || static=--static
flags=$(pkg-config --cflags --libs $static akt) || die
echo "pkg-config $static: $flags"
step="pkg-config, build"
# shellcheck disable=SC2086  # a list of flags
"$cc" -std=c11 -o "$dir/uses_akt" "$dir/app/main.c" $flags || die
step="pkg-config, run"
"$dir/uses_akt" || die

if [ "$kind" = static ]; then
    step="pkg-config, with every object of the library"
    # shellcheck disable=SC2086
    "$cc" -std=c11 -o "$dir/uses_all" "$dir/app/main.c" -Wl,--whole-archive \
        "$LD_LIBRARY_PATH/libakt.a" -Wl,--no-whole-archive $flags || die
else
    step="the shared library exports what the public headers name, only"
    for name in $(nm -D --defined-only "$LD_LIBRARY_PATH/libakt.so" \
        | awk '{ print $3 }'); do
        grep -rqw "$name" "$dir/prefix/include" || {
            echo "exported, but in no public header: $name"
            die
        }
    done
fi

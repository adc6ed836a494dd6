#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh [ARGUMENT ...]: builds the library and the examples, then runs the
# example "wordcount" with the arguments.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)

"$root/scripts/deps.sh" build
cd "$root"
mkdir -p build
log=build/demo.log
echo "Building (details: $log)" >&2
{
    cmake --preset release && cmake --build build/release
} >"$log" 2>&1 || {
    cat "$log" >&2
    echo "The build failed." >&2
    exit 1
}
cd "$OLDPWD"
exec "$root/build/release/examples/wordcount" "$@"

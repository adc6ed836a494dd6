# SPDX-License-Identifier: MIT
# What the scripts of this folder share: builds the demos, and makes a folder for
# their addresses. Sourced with $demo set; sets $program and $folder. In the end it
# ends what the script has started.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

"$root/scripts/deps.sh" build
mkdir -p "$root/build"
echo "Building (details: build/demo.log)" >&2
(
    cd "$root"
    cmake --preset release && cmake --build build/release --target akt_examples
) >"$root/build/demo.log" 2>&1 || {
    cat "$root/build/demo.log" >&2
    echo "The build failed." >&2
    exit 1
}
program=$root/build/release/examples/nng/$demo
if [ ! -x "$program" ]; then
    echo "This build has no sockets: nng was not found (Debian: libnng-dev)." >&2
    exit 1
fi
folder=$(mktemp -d)
started=

# run COMMAND ...: in the background, with its number in $pid.
run()
{
    "$@" &
    pid=$!
    started="$started $pid"
}

# shellcheck disable=SC2317,SC2086  # by the trap; lists of words
finish()
{
    [ -z "$started" ] || kill $started 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM

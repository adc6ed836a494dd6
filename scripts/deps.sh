#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh [build|test|coverage]: sees to the Debian packages that are needed to
# build akt ("build"), also to test it ("test", the default), or also to see what
# the tests reach ("coverage"). When nothing is missing it changes nothing and
# needs no rights. AKT_SKIP_DEPS=1 skips it altogether.
set -u
[ "${AKT_SKIP_DEPS:-0}" = 1 ] && exit 0

# "a|b": either will do, a is what gets installed.
packages='gcc libc6-dev cmake ninja-build pkg-config|pkgconf libevent-dev'
packages="$packages libboost-context-dev binutils libcbor-dev libnng-dev"
if [ "${1:-test}" != build ]; then
    packages="$packages g++ clang libclang-rt-dev clang-format clang-tidy"
    packages="$packages libcmocka-dev spin util-linux openssl nng-utils"
fi
[ "${1:-test}" = coverage ] && packages="$packages gcovr"
# For the one test that speaks with another implementation; these are large (some 35
# MB to fetch), and often come from elsewhere, so the programs decide.
if [ "${1:-test}" != build ]; then
    command -v node >/dev/null || packages="$packages nodejs"
    command -v npm >/dev/null || packages="$packages npm"
fi

installed() {
    dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null \
        | grep -q '^install ok installed'
}

missing=
for package in $packages; do
    installed "${package%%|*}" || installed "${package##*|}" \
        || missing="$missing ${package%%|*}"
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Cannot install packages here: there is no apt-get." >&2
    echo "Please install what corresponds to these Debian packages, and set" \
        "AKT_SKIP_DEPS=1:$missing" >&2
    exit 1
fi
run=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "Please install these packages as root:$missing" >&2
        exit 1
    }
    run=sudo
fi
echo "Missing packages:$missing"
echo "Installing them with${run:+ $run} apt-get"
# shellcheck disable=SC2086  # lists of words
$run apt-get -q update \
    && $run env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
        --no-install-recommends $missing </dev/null || {
    echo "The packages could not be installed:$missing" >&2
    exit 1
}

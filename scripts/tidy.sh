#!/bin/sh
# SPDX-License-Identifier: MIT
# tidy.sh [FILE.c ...]: runs clang-tidy over the library and the examples, or
# over the files named. Needs the build of the preset "clang" to be configured.
# AKT_TIDY_NODES is how far the analyser goes on in each function (150000; by its
# own limit of 225000 it takes longer and has found nothing more, and where it
# gives up early it warns of what is not so).
set -u
cd "$(dirname "$0")/.." || exit 2

tidy=${CLANG_TIDY:-clang-tidy}
command -v "$tidy-14" >/dev/null && tidy=$tidy-14
database=build/clang/compile_commands.json
[ -f "$database" ] || {
    echo "no $database; run: cmake --preset clang" >&2
    exit 2
}

# Files that this build leaves out (the other one of a pair) are not in it.
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046  # our names have no spaces
    set -- $(find actors mailbox examples -name '*.c' | sort | while read -r file
    do
        grep -q "\"file\": .*/$file\"" "$database" && echo "$file"
    done)
fi
[ $# -gt 0 ] || exit 0
echo "clang-tidy: $# files"
status=0
cc1=--extra-arg=-Xclang
printf '%s\n' "$@" \
    | xargs -n 1 -P "${AKT_JOBS:-$(nproc)}" "$tidy" -p build/clang --quiet \
        $cc1 --extra-arg=-analyzer-config \
        $cc1 --extra-arg="max-nodes=${AKT_TIDY_NODES:-150000}" \
        >build/clang/tidy.txt 2>&1 || status=1
# "N warnings generated." counts what is suppressed; it says nothing.
grep -v '^[0-9]* warnings\{0,1\} generated' build/clang/tidy.txt
exit $status

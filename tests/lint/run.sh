#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh LINT ROOT: runs LINT.awk over the C files of ROOT, each violation being
# one line on standard output. Ends with 1 if there was one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
lint=$1
cd "$2" || exit 2

folders=
for folder in actors mailbox include examples tests; do
    [ -d "$folder" ] && folders="$folders $folder"
done
# shellcheck disable=SC2086  # a list of folders
files=$(find $folders -name '*.[ch]' -o -name '*.h.in' | LC_ALL=C sort)
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086
LC_ALL=C awk -f "$here/code.awk" -f "$here/$lint.awk" $files || {
    echo "FAIL: lint $lint"
    exit 1
}

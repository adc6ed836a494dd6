#!/bin/sh
# SPDX-License-Identifier: MIT
# sources.sh ROOT: every .c file is named in the list that builds it.
set -u
cd "$1" || exit 2
failed=0

# listed LIST FILE NAME: whether NAME is a word of LIST.
listed() {
    sed 's/#.*//' "$1" 2>/dev/null \
        | grep -Eq "(^|[[:space:](])$3([[:space:])]|\$)" || {
        echo "$2: not in $1"
        failed=1
    }
}

for file in $(find actors mailbox -name '*.c' 2>/dev/null); do
    listed "${file%%/*}/sources.cmake" "$file" "$file"
done
for file in tests/unit/*.c tests/stress/*.c tests/integration/*.c \
    tests/bench/*.c tests/explore/*_explore.c tests/support/*.c \
    tests/fuzz/*.c; do
    [ -e "$file" ] && listed tests/CMakeLists.txt "$file" "${file#tests/}"
done
for file in tests/model/*.pml; do
    name=${file##*/}
    [ -e "$file" ] && listed tests/model/run.sh "$file" "${name%.pml}"
done
for file in examples/*/*.c; do
    [ -e "$file" ] || continue
    name=${file#examples/}
    case $name in
    */main.c) name="akt_example\\(${name%/main.c}" ;;
    *) name=${name##*/} ;;
    esac
    listed examples/CMakeLists.txt "$file" "$name"
done
[ $failed -eq 0 ] || echo "FAIL: lint sources"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: MIT
# coverage.sh [--check] [--with-asserts]: runs the tests in the build "coverage"
# and prints the lines and branches of mailbox and actors that they reach, by
# file, with the lines that none does; the pages are in build/coverage/report.
# --check fails below 95 % of the lines or 85 % of the branches. The branches of
# assertions, which no test may take, count only with --with-asserts.
set -u
cd "$(dirname "$0")/.." || exit 2
lines=0 branches=0
asserts='.*AKTI_ASSERT\(.*'
for option in "$@"; do
    case $option in
    --check) lines=95 branches=85 ;;
    --with-asserts) asserts='^$' ;;
    *)
        echo "usage: scripts/coverage.sh [--check] [--with-asserts]" >&2
        exit 2
        ;;
    esac
done

scripts/deps.sh coverage || exit 1
build=build/coverage
jobs=${AKT_JOBS:-$(nproc)}
mkdir -p build
{ cmake --preset coverage && cmake --build $build -j "$jobs"; } \
    >build/coverage.log 2>&1 || {
    tail -n 30 build/coverage.log
    exit 1
}
find $build -name '*.gcda' -exec rm -f {} +
ctest --test-dir $build -j "$jobs" --output-on-failure \
    -LE '^(lint|model|compile_fail)$' >>build/coverage.log 2>&1 \
    || echo "some tests failed (build/coverage.log); the report is made" \
        "all the same" >&2

# report OPTION...: reads what was counted, in the testing twin and what it shares
# with the other: gcovr cannot merge the two, whose functions are on different
# lines.
report() {
    gcovr --root . --object-directory $build --gcov-ignore-parse-errors \
        --filter mailbox/ \
        --filter actors/ --exclude-branches-by-pattern "$asserts" \
        --exclude-unreachable-branches "$@" \
        $build/CMakeFiles/akt_testing.dir $build/CMakeFiles/akt_same.dir
}
mkdir -p $build/report
report --json $build/report/all.json >/dev/null || exit 1
add() {
    gcovr --root . --add-tracefile $build/report/all.json "$@"
}
add --html-details $build/report/index.html >/dev/null
add
add --branches
# (To a file of its own: gcovr removes what it is to write to, /dev/null too.)
add --json-summary $build/report/summary.json --fail-under-line $lines \
    --fail-under-branch $branches
status=$?
echo "pages: $build/report/index.html"
exit $status

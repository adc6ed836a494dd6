#!/bin/sh
# SPDX-License-Identifier: MIT
# coverage.sh: runs the tests of the preset "coverage" and writes a report to
# build/coverage/report (needs lcov).
set -eu
cd "$(dirname "$0")/.."
build=build/coverage
cmake --preset coverage
cmake --build "$build"
lcov --quiet --directory "$build" --zerocounters
ctest --test-dir "$build" --output-on-failure -LE '^(lint|model|compile_fail)$' \
    || echo "some tests failed; the report is made all the same" >&2
lcov --quiet --directory "$build" --capture --rc lcov_branch_coverage=1 \
    --output-file "$build/all.info"
lcov --quiet --rc lcov_branch_coverage=1 --output-file "$build/akt.info" \
    --extract "$build/all.info" "$PWD/actors/*" "$PWD/mailbox/*" \
    "$PWD/include/*"
genhtml --quiet --branch-coverage --output-directory "$build/report" \
    "$build/akt.info"
lcov --rc lcov_branch_coverage=1 --summary "$build/akt.info"
echo "report: $build/report/index.html"

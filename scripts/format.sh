#!/bin/sh
# SPDX-License-Identifier: MIT
# format.sh [--check]: formats the C files, or only says which are not.
set -u
cd "$(dirname "$0")/.." || exit 2

format=${CLANG_FORMAT:-clang-format}
command -v "$format-14" >/dev/null && format=$format-14
action=-i
[ "${1-}" = --check ] && action='--dry-run -Werror --ferror-limit=3'

# shellcheck disable=SC2086  # a list of flags
find actors mailbox include examples tests -name '*.[ch]' -print0 \
    | xargs -0 -r "$format" $action

#!/bin/sh
# SPDX-License-Identifier: MIT
# spread.sh [ARGUMENT ...]: counts words by two processes; what is to be counted
# goes to a third one, which coordinates them.
demo=../wordcount
. "$(dirname "$0")/../nng/build.sh"

url=ipc://$folder/workers
run "$program" --worker "$url"
run "$program" --worker "$url"
"$program" --coordinate "$url" "$@"

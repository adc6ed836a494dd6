# SPDX-License-Identifier: MIT
# What the tests of examples/nng share. Each of them is called with the program,
# sources this file, starts processes and waits for the lines that they print.
# Nothing sleeps on a guess and no port is fixed; all is over after 30 seconds.
set -u
program=$1
command -v nngcat >/dev/null || {
    echo "FAILED: there is no nngcat (Debian: nng-utils)"
    exit 1
}
work=$(mktemp -d) || exit 1
cd "$work" || exit 1
started=
failed=0
next_fd=3

# shellcheck disable=SC2317,SC2086  # by the trap; lists of words
finish()
{
    [ -z "$started" ] || kill -KILL $started 2>/dev/null
    kill "$watchdog" 2>/dev/null
    cd /
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM
(
    exec >/dev/null 2>&1
    trap 'kill $!; exit' TERM
    sleep 30 &
    wait $!
    kill -TERM $$
) &
watchdog=$!

ok()
{
    echo "ok: $*"
}

fail()
{
    echo "FAILED: $*"
    tail -n 20 ./*.out ./*.err 2>/dev/null
    failed=1
}

# start NAME COMMAND ...: in the background, with its number in $pid. What it
# prints comes by a pipe, of which `await` reads; NAME is a word of letters. With
# input=FILE it reads that.
start()
{
    name=$1
    shift
    mkfifo "$name.pipe"
    : >"$name.out"
    "$@" >"$name.pipe" 2>"$name.err" <"${input:-/dev/null}" &
    pid=$!
    started="$started $pid"
    eval "exec $next_fd<$name.pipe; fd_$name=$next_fd; pid_$name=$pid"
    next_fd=$((next_fd + 1))
}

# await NAME PATTERN: reads what NAME prints up to the next line that matches, as
# `case` does; it is then in $line. It fails when NAME ends before.
await()
{
    eval "fd=\$fd_$1"
    # shellcheck disable=SC2154  # by eval
    while read -r line <&"$fd"; do
        printf '%s\n' "$line" >>"$1.out"
        # shellcheck disable=SC2254  # a pattern
        case $line in
        $2) return 0 ;;
        esac
    done
    fail "$1 ended before it printed '$2'"
    exit 1
}

# bound NAME WHAT: the address in the line "WHAT at ADDRESS" of NAME, in $url.
bound()
{
    await "$1" "$2 at *"
    url=${line##* at }
}

# expect_end NAME STATUS: waits for its end.
expect_end()
{
    eval "wait \$pid_$1"
    status=$?
    if [ $status -eq "$2" ]; then
        ok "$1 ends with $2"
    else
        fail "$1 ended with $status, not $2"
    fi
}

# slay NAME: by SIGKILL.
slay()
{
    eval "kill -KILL \$pid_$1 && wait \$pid_$1" 2>/dev/null
}

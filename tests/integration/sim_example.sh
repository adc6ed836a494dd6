# SPDX-License-Identifier: MIT
# What the tests of simulated examples share. Sourced with $bin, the example, set:
# runs its `explore`, which has to find something, and leaves what it printed in
# $log and the line that repeats it in $command.
set -u
unset AKT_SIM_SEED AKT_SIM_SEEDS AKT_SIM_STRATEGY AKT_SIM_CHOICES AKT_SIM_NAME
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# expect WHAT PATTERN: the log has such a line.
expect() {
    if grep -q "$2" "$log"; then
        echo "ok: $1"
    else
        echo "FAILED: $1: no line with $2"
        cat "$log"
        failed=1
    fi
}

"$bin" explore >"$log" 2>&1
[ $? -eq 1 ] || {
    echo "FAILED: explore: did not end with 1"
    failed=1
}
command=$(sed -n 's/^REPRODUCE: //p' "$log")
[ -n "$command" ] || {
    echo "FAILED: no line that repeats it"
    cat "$log"
    exit 1
}

#!/bin/sh
# SPDX-License-Identifier: MIT
# selftest.sh CC: shows that run.sh tells right from wrong.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cc=$1
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
failed=0

# expect pass|fail TITLE PROGRAM
expect() {
    printf '%s\n' "$3" >"$dir/a.c"
    got=pass
    sh "$here/run.sh" "$cc" "$dir" "$dir/a.c" >"$dir/output" 2>&1 || got=fail
    [ "$got" = "$1" ] && return
    echo "FAIL: '$2' should $1"
    cat "$dir/output"
    failed=1
}

expect pass "a bad line behind the define" '// expect: _Static_assert|static assert
#ifdef AKT_MUST_FAIL
_Static_assert(0, "bad");
#endif
int main(void) { return 0; }'
expect pass "no expectation" '#ifdef AKT_MUST_FAIL
int bad = "text" * 2;
#endif
int main(void) { return 0; }'
expect pass "a warning is a rejection" '// expect: unused-result|warn_unused_result
int f(void) __attribute__((warn_unused_result));
int main(void) {
#ifdef AKT_MUST_FAIL
f();
#endif
return 0; }'
expect fail "nothing is wrong" 'int main(void) { return 0; }'
expect fail "wrong without the define too" 'int main(void) { return x; }'
expect fail "another reason" '// expect: must be a text
#ifdef AKT_MUST_FAIL
int bad = "text" * 2;
#endif
int main(void) { return 0; }'
exit $failed

# SPDX-License-Identifier: MIT
# One library, one file: what must be replaceable or simulated is used in one
# place. Stand-alone fences are used nowhere: sanitizers do not understand them.

function is_include(name) {
    return code ~ ("^[ \t]*#[ \t]*include[ \t]*[<\"](" name ")")
}

# (A test makes its allocations fail.)
is_include("event2/|event\\.h") && FILENAME != "actors/sched/loop.c" \
    && FILENAME != "tests/support/syscalls.c" {
    fail("libevent is included by actors/sched/loop.c only")
}
is_include("nng/") && FILENAME !~ /^actors\/net\/nng_[^\/]*\.[ch]$/ \
    && FILENAME !~ /^tests\/(bench|integration|unit\/nng_[^\/]*\.c$)/ {
    fail("nng is included by actors/net/nng_* only")
}
is_include("cbor\\.h|cbor/") && FILENAME !~ /^actors\/net\/cbor_[^\/]*\.c$/ {
    fail("libcbor is included by actors/net/cbor_*.c only")
}
is_include("sys/eventfd") && FILENAME != "actors/sched/doorbell_eventfd.c" \
    && FILENAME !~ /^tests\/bench\// {
    fail("eventfd is used by actors/sched/doorbell_eventfd.c only")
}
calls(code, "clock_gettime|gettimeofday|time") \
    && FILENAME ~ /^(actors|mailbox|include)\// \
    && FILENAME !~ /^actors\/base\/clock_[^\/]*\.c$/ {
    fail("clocks are read by actors/base/clock_*.c only")
}
calls(code, "s?rand|s?random|rand_r|[a-z]rand48") {
    fail("random numbers come from a seeded generator")
}
calls(code, "atomic_(thread|signal)_fence") {
    fail("no stand-alone fences")
}

# SPDX-License-Identifier: MIT
# Nothing is left to do, and tests wait for events, never for time to pass.

(" " $0 " ") ~ /[^A-Za-z0-9_](TODO|FIXME|XXX)[^A-Za-z0-9_]/ {
    fail("finish it, or write it down elsewhere")
}
FILENAME ~ /^tests\/.*\.c$/ && calls(code, "sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep") {
    fail("a test that sleeps")
}

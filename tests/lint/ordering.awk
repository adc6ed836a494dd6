# SPDX-License-Identifier: MIT
# Atomics of the library: the order is always written down, and each order
# above relaxed has a comment with "pairs:" on its line or within the six lines
# above, which says what it publishes or observes and where its partner is.

BEGIN { noted = -100 }
FILENAME !~ /^(actors|mailbox)\// { next }
FNR == 1 { noted = -100 }
/pairs:/ { noted = FNR }
code ~ /memory_order_(acquire|release|acq_rel|seq_cst|consume)/ \
    && FNR - noted > 6 {
    fail("an order above relaxed without a comment \"pairs: <function>\"")
}
calls(code, "atomic_(load|store|exchange|compare_exchange_(strong|weak)|" \
            "fetch_(add|sub|or|xor|and)|flag_test_and_set|flag_clear)") {
    fail("an atomic without an explicit order")
}

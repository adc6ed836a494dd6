# SPDX-License-Identifier: MIT
# Files have at most 700 lines, functions at most 80. A function's body begins
# and ends with a brace in column 0.

FILENAME ~ /^tests\// { next }
FNR == 1 { opened = 0 }
FNR == 701 { fail("the file is longer than 700 lines: split it by concept") }
code ~ /^{/ { opened = FNR }
code ~ /^}/ && opened {
    if (FNR - opened + 1 > 80)
        fail("a function of " (FNR - opened + 1) " lines; 80 are allowed")
    opened = 0
}

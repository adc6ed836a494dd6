# SPDX-License-Identifier: MIT
# What the tests of examples/wordcount share; sourced. They have the functions ok and
# fail.
LC_ALL=C
export LC_ALL

# What wordcount should print for the regular files below the arguments. Files
# are counted one by one: a word does not go on in the next file.
reference()
{
    find "$@" -type f -exec sh -c 'for f; do cat "$f"; echo; done' sh {} + \
        | tr -cs 'A-Za-z' '\n' | tr 'A-Z' 'a-z' | grep . | sort | uniq -c \
        | awk '{ print $1, $2 }' | sort -k1,1nr -k2,2
}

# judge <name> <file>: whether it has the table that the file `want` tells.
judge()
{
    awk '{ print $1, $2 }' "$2" >got
    if cmp -s want got; then
        ok "$1"
    else
        fail "$1: the counts differ"
        diff want got | cut -c 1-100 | head -n 5
    fi
}

letters() # letters <count> <letter>
{
    head -c "$1" /dev/zero | tr '\0' "$2"
}

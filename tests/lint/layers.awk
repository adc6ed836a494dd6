# SPDX-License-Identifier: MIT
# Layers: base <- mailbox <- sched <- core <- test <- async <- net <- cluster <-
# obs.
# A file includes its own layer and those to its left, by path from the root,
# and the public headers. Public headers include public and C standard headers
# only; examples see the public headers and those of their own folder only.

BEGIN {
    split("actors/base mailbox actors/sched actors/core actors/test " \
          "actors/async actors/net actors/cluster actors/obs", order, " ")
    for (i = 1; i in order; i++)
        rank[order[i]] = i
    split("assert complex ctype errno fenv float inttypes iso646 limits locale " \
          "math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint " \
          "stdio stdlib stdnoreturn string tgmath threads time uchar wchar " \
          "wctype", standard, " ")
    for (i in standard)
        is_standard[standard[i] ".h"] = 1
}

function layer(path) {
    if (path ~ /^mailbox\//)
        return "mailbox"
    if (path ~ /^actors\/[^\/]+\//) {
        sub(/^actors\//, "", path)
        sub(/\/.*/, "", path)
        return "actors/" path
    }
    return ""
}

FILENAME ~ /^tests\// { next }
code !~ /^[ \t]*#[ \t]*include/ { next }
{
    name = code
    sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
    quoted = name ~ /^"/
    gsub(/["<>]|[ \t]+$/, "", name)
    public = name ~ /^akt\//
}
FILENAME ~ /^include\// {
    if (quoted ? !public : !(name in is_standard))
        fail("a public header includes " name)
    next
}
public { next }
FILENAME ~ /^examples\// {
    if (quoted ? name ~ /\// : name ~ /^(actors|mailbox)\//)
        fail("an example includes " name)
    next
}
!quoted {
    if (name ~ /^(actors|mailbox)\//)
        fail("the project's headers are included with quotes: " name)
    next
}
{
    from = layer(FILENAME)
    to = layer(name)
    if (!(from in rank))
        fail("no layer is called " from)
    else if (!(to in rank))
        fail("not a path from the root to a layer: " name)
    else if (rank[to] > rank[from])
        fail(from " may not include " name ", which is above it")
}

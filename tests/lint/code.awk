# SPDX-License-Identifier: MIT
# What the lints share. For each line of a C file:
#   code     the line without its comments and without the text of strings;
#            the file name of an #include stays
#   fail(s)  reports a violation at this line

function fail(message) {
    printf "%s:%d: %s\n", FILENAME, FNR, message
    failed = 1
}

# Whether `text` calls a function that matches `names` (alternatives).
function calls(text, names) {
    return text ~ ("(^|[^A-Za-z0-9_.>])(" names ")[ \t]*[(]")
}

function strip(line,    out, pair, end) {
    if (!in_comment && line ~ /^[ \t]*#[ \t]*include/) {
        sub(/[ \t]*(\/\*|\/\/).*$/, "", line)
        return line
    }
    out = ""
    while (line != "") {
        if (in_comment) {
            end = index(line, "*/")
            if (!end)
                return out
            line = substr(line, end + 2)
            in_comment = 0
            out = out " "
            continue
        }
        pair = substr(line, 1, 2)
        if (pair == "//")
            return out
        if (pair == "/*") {
            in_comment = 1
            line = substr(line, 3)
        } else if (match(line, /^"(\\.|[^"\\])*"/)) {
            out = out "\"\""
            line = substr(line, RLENGTH + 1)
        } else if (match(line, /^'(\\.|[^'\\])*'/)) {
            out = out "' '"
            line = substr(line, RLENGTH + 1)
        } else {
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
    }
    return out
}

FNR == 1 { in_comment = 0 }
{ code = strip($0) }
END { exit failed }

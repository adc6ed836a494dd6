# SPDX-License-Identifier: MIT
# Public headers: a function's comment directly above it says what it does
# (@brief or a first sentence), @param for each parameter, @return or @retval
# unless it is void, @threadsafety and @blocking. A function-like macro has a
# comment directly above it. Names that begin with akti_ are nobody's to call.

function reset() {
    comment = declaration = ""
    comment_end = -1
    in_doc = 0
}

function first_sentence(text) {
    gsub(/[\/*\n\t ]/, "", text)
    return text ~ /^(@brief)?[^@]/
}

# The name of a parameter: its last word, array brackets put aside.
function parameter_name(text) {
    gsub(/\[[^]]*\]/, "", text)
    if (match(text, /\([ \t]*\*[ \t]*[A-Za-z_0-9]+[ \t]*\)/))
        text = substr(text, RSTART, RLENGTH)
    gsub(/[^A-Za-z_0-9]+/, " ", text)
    sub(/ +$/, "", text)
    sub(/.* /, "", text)
    return text
}

function check_parameters(name, text,    i, c, depth, word) {
    text = text ","
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        depth += (c == "(") - (c == ")")
        if (c != "," || depth) {
            word = word c
            continue
        }
        word = parameter_name(word)
        if (word != "" && word != "void" \
            && comment !~ ("@param[ \t]*(\\[[a-z, ]*\\])?[ \t\n*]+" word \
                           "[^A-Za-z_0-9]"))
            fail(name "() lacks @param " word)
        word = ""
    }
}

function check(text,    name, result, documented) {
    gsub(/[ \t]+/, " ", text)
    documented = comment_end == declared_at - 1
    if (!index(text, "(")) {
        if (!documented)
            fail("no comment directly above: " text)
        return
    }
    gsub(/__attribute__ ?\(\([^)]*(\([^)]*\))?\)\)/, "", text)
    result = name = substr(text, 1, index(text, "(") - 1)
    text = substr(text, index(text, "(") + 1)
    sub(/\)[^)]*$/, "", text)
    sub(/ +$/, "", name)
    sub(/.*[ *]/, "", name)
    if (name ~ /^akti_/)
        return
    if (!documented) {
        fail(name "() has no comment directly above")
        return
    }
    if (!first_sentence(comment))
        fail(name "() lacks a @brief or first sentence")
    check_parameters(name, text)
    gsub(/AKT_API|AKT_NODISCARD|static|inline|extern| /, "", result)
    if (result != "void" name && comment !~ /@return|@retval/)
        fail(name "() lacks @return or @retval")
    if (comment !~ /@threadsafety/)
        fail(name "() lacks @threadsafety")
    if (comment !~ /@blocking/)
        fail(name "() lacks @blocking")
}

FILENAME !~ /^include\// { next }
FNR == 1 { reset() }
declaration == "" && /^[ \t]*\/\*/ { comment = ""; in_doc = 1 }
in_doc {
    comment = comment $0 "\n"
    if (index($0, "*/")) {
        in_doc = 0
        comment_end = FNR
    }
    next
}
/^#[ \t]*define[ \t]+(akt|AKT)_[A-Za-z0-9_]*\(/ {
    match($0, /(akt|AKT)_[A-Za-z0-9_]*/)
    macro = substr($0, RSTART, RLENGTH)
    if (comment_end != FNR - 1 && !((FILENAME, macro) in seen))
        fail("macro " macro "() has no comment directly above")
    seen[FILENAME, macro] = 1
    next
}
declaration == "" && code ~ /^(AKT_API|AKT_NODISCARD|static[ \t]+inline)/ {
    declared_at = FNR
    declaration = " "
}
declaration != "" {
    declaration = declaration " " code
    if (code ~ /[;{]/) {
        sub(/[;{].*/, "", declaration)
        check(declaration)
        declaration = ""
    }
}

/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS_MAX = 256
};

static const char *const default_paths[] = {"/usr/share/common-licenses",
                                            "/usr/share/doc"};

static const char usage[] =
    "usage: wordcount [--workers N] [--top N] [--quiet] [--] [PATH ...]\n";

static const char help[] =
    "\n"
    "Counts words in files and directories; the most frequent come first.\n"
    "Without a PATH: /usr/share/common-licenses and /usr/share/doc.\n"
    "A PATH of - is the standard input.\n"
    "\n"
    "  --workers N  worker threads, 1 to 256 (default: one per processor)\n"
    "  --top N      print the N most frequent words (default 20; 0: all)\n"
    "  --quiet      no progress, no summary; errors are still reported\n"
    "  --help       this text\n"
    "\n"
    "A word is a run of ASCII letters, in lower case. Files are bytes: binary\n"
    "and compressed ones are counted as they are. A word of more than 1 MiB "
    "is\n"
    "counted in pieces of 1 MiB, and the summary says so.\n"
    "\n"
    "Links are followed when they are a PATH, and never inside a directory, "
    "so\n"
    "a loop of links ends nowhere. Inside a directory, links, FIFOs and "
    "devices\n"
    "are skipped and counted. Files that cannot be read are reported and\n"
    "counted; the rest is read.\n"
    "\n"
    "Standard output gets the table alone, as `uniq -c | sort -rn` prints it;\n"
    "all else goes to standard error. Ctrl-C stops, and prints what was "
    "counted\n"
    "until then; a second one stops at once.\n"
    "\n"
    "Exit: 0 all was read; 1 some could not be read, or the output not be\n"
    "written; 2 wrong usage; 3 out of memory or threads; 130 or 143 stopped "
    "by\n"
    "SIGINT or SIGTERM.\n";

void
options_help(void)
{
    fputs(usage, stdout);
    fputs(help, stdout);
}

static bool
complain(const char *what, const char *arg)
{
    fprintf(stderr, "wordcount: '%s': %s\n%s", arg, what, usage);
    return false;
}

/* A decimal number and nothing else. */
static bool
parse_number(const char *text, uint64_t *out)
{
    if (*text < '0' || *text > '9') {
        return false;
    }
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *out = value;
    return true;
}

static bool
set_workers(struct options *o, const char *text)
{
    uint64_t n = 0;
    if (!parse_number(text, &n) || n < 1 || n > WORKERS_MAX) {
        return complain("--workers takes a number from 1 to 256", text);
    }
    o->workers = (uint32_t)n;
    return true;
}

static bool
set_top(struct options *o, const char *text)
{
    if (!parse_number(text, &o->top)) {
        return complain("--top takes a number, 0 for all words", text);
    }
    return true;
}

/* The value of "--name value" or "--name=value"; NULL when it is another option.
 * Without a value it is the empty text. */
static const char *
value_of(const char *name, char **argv, int *at)
{
    const char *arg = argv[*at];
    size_t len = strlen(name);
    if (strncmp(arg, name, len) != 0) {
        return NULL;
    }
    if (arg[len] == '=') {
        return arg + len + 1;
    }
    if (arg[len] != '\0') {
        return NULL;
    }
    if (argv[*at + 1] == NULL) {
        return "";
    }
    *at += 1;
    return argv[*at];
}

static bool
parse_valued(struct options *o, char **argv, int *at)
{
    const char *arg = argv[*at];
    const char *workers = value_of("--workers", argv, at);
    if (workers != NULL) {
        return set_workers(o, workers);
    }
    const char *top = value_of("--top", argv, at);
    if (top != NULL) {
        return set_top(o, top);
    }
    return complain("no such option", arg);
}

static bool
parse_option(struct options *o, char **argv, int *at)
{
    if (strcmp(argv[*at], "--quiet") == 0) {
        o->quiet = true;
        return true;
    }
    if (strcmp(argv[*at], "--help") == 0) {
        o->help = true;
        return true;
    }
    return parse_valued(o, argv, at);
}

/* Two readers of one standard input would cut its words. */
static bool
check_paths(const struct options *o)
{
    int n_stdin = 0;
    for (int i = 0; i < o->n_paths; i++) {
        if (o->paths[i][0] == '\0') {
            return complain("a PATH must not be empty", "");
        }
        n_stdin += strcmp(o->paths[i], "-") == 0;
    }
    return n_stdin <= 1
           || complain("standard input can be read only once", "-");
}

bool
options_parse(int argc, char **argv, struct options *out)
{
    struct options o = {.top = 20};
    bool only_paths = false;
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (only_paths || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[1 + n++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_paths = true;
        } else if (!parse_option(&o, argv, &i)) {
            return false;
        }
    }
    o.paths = n > 0 ? (const char *const *)(argv + 1) : default_paths;
    o.n_paths = n > 0 ? n : 2;
    *out = o;
    return check_paths(out);
}

/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS_MAX = 256,
    WAIT_MAX_S = 24 * 3600,
    WAIT_S = 30,
    URL_MAX = 127 /* AKT_NNG_URL_MAX, which not every build has */
};

/* No such number of words is printed. */
#define NOT_SAID UINT64_MAX

static const char *const default_paths[] = {"/usr/share/common-licenses",
                                            "/usr/share/doc"};

static const char usage[] =
    "usage: wordcount [--workers N] [--top N] [--quiet] [--coordinate URL]\n"
    "                 [--] [PATH ...]\n"
    "       wordcount --worker URL [--workers N] [--wait SECONDS] [--quiet]\n";

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
    "  --coordinate URL  let workers count: other processes, as many as come\n"
    "  --worker URL      be one of them; it ends when all is counted\n"
    "  --wait SECONDS    how long it waits for a coordinator (default 30)\n"
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
    "A URL is tcp://HOST:PORT (port 0: one that is free, which is told),\n"
    "ipc:///PATH or ws://HOST:PORT/PATH. Workers must find the same files by\n"
    "the same names: they are on one machine, or share a file system. Then a\n"
    "PATH is a file or a directory, nothing else. Workers may come and go, "
    "also\n"
    "by being killed: what one has not finished another counts, and nothing "
    "is\n"
    "counted twice. Anybody who can connect can be a worker, so choose an\n"
    "address for those you trust; the folder of an ipc address must be one "
    "that\n"
    "nobody else may write to.\n"
    "\n"
    "Standard output gets the table alone, as `uniq -c | sort -rn` prints it;\n"
    "all else goes to standard error. Ctrl-C stops, and prints what was "
    "counted\n"
    "until then; a second one stops at once.\n"
    "\n"
    "Exit: 0 all was read; 1 some could not be read, or the output not be\n"
    "written; 2 wrong usage; 3 out of memory or threads, an address that "
    "cannot "
    "be\n"
    "used, or, for a worker, no coordinator any more; 130 or 143 stopped by "
    "SIGINT\n"
    "or SIGTERM.\n";

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
set_number(uint32_t *out, const char *text, uint32_t max, const char *rule)
{
    uint64_t n = 0;
    if (!parse_number(text, &n) || n < 1 || n > max) {
        return complain(rule, text);
    }
    *out = (uint32_t)n;
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

/* The rest of it is nng's to judge. inproc:// would be no other process. */
static bool
set_url(const char **out, const char *text)
{
    static const char *const begins[] = {"tcp://", "tcp4://", "tcp6://",
                                         "ipc://", "unix://", "ws://"};
    if (strlen(text) > URL_MAX) {
        return complain("a URL has at most 127 bytes", text);
    }
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
        size_t len = strlen(begins[i]);
        if (strncmp(text, begins[i], len) == 0 && text[len] != '\0') {
            *out = text;
            return true;
        }
    }
    return complain("a URL is tcp://HOST:PORT, ipc:///PATH or "
                    "ws://HOST:PORT/PATH",
                    text);
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

/* Options of who counts in several processes; false in `*ok`: it is wrong. */
static bool
parse_spread(struct options *o, char **argv, int *at, bool *ok)
{
    const char *worker = value_of("--worker", argv, at);
    if (worker != NULL) {
        *ok = set_url(&o->worker, worker);
        return true;
    }
    const char *coordinate = value_of("--coordinate", argv, at);
    if (coordinate != NULL) {
        *ok = set_url(&o->coordinate, coordinate);
        return true;
    }
    const char *wait = value_of("--wait", argv, at);
    if (wait != NULL) {
        *ok = set_number(&o->wait_s, wait, WAIT_MAX_S,
                         "--wait takes seconds, 1 to 86400");
        return true;
    }
    return false;
}

static bool
parse_valued(struct options *o, char **argv, int *at)
{
    const char *arg = argv[*at];
    bool ok = true;
    if (parse_spread(o, argv, at, &ok)) {
        return ok;
    }
    const char *workers = value_of("--workers", argv, at);
    if (workers != NULL) {
        return set_number(&o->workers, workers, WORKERS_MAX,
                          "--workers takes a number from 1 to 256");
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
    if (n_stdin > 0 && o->coordinate != NULL) {
        return complain("workers cannot read the coordinator's standard input",
                        "-");
    }
    return n_stdin <= 1
           || complain("standard input can be read only once", "-");
}

/* A worker is told by the coordinator what to count. */
static bool
check_spread(const struct options *o)
{
    if (o->worker == NULL) {
        return o->wait_s == 0 || complain("only a --worker waits", "--wait");
    }
    if (o->coordinate != NULL) {
        return complain("is it the worker or the coordinator?", o->worker);
    }
    if (o->top != NOT_SAID) {
        return complain("the table is the coordinator's", "--top");
    }
    return o->n_paths == 0
           || complain("a worker gets its files from the coordinator",
                       o->paths[0]);
}

static void
set_defaults(struct options *o)
{
    if (o->n_paths == 0) {
        o->paths = default_paths;
        o->n_paths = 2;
    }
    o->top = o->top == NOT_SAID ? 20 : o->top;
    o->wait_s = o->wait_s == 0 ? WAIT_S : o->wait_s;
}

bool
options_parse(int argc, char **argv, struct options *out)
{
    struct options o = {.top = NOT_SAID};
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
    o.paths = (const char *const *)(argv + 1);
    o.n_paths = n;
    if (!check_paths(&o) || !check_spread(&o)) {
        return false;
    }
    set_defaults(&o);
    *out = o;
    return true;
}

/*
 * What was typed: the command line, read against the grammar. Options may stand anywhere behind
 * the program's name; `--opt=value`, `--opt value`, `-o value` and `-ovalue` are the same, `--`
 * ends options. (GOptionContext knows neither `-j4` nor which name was misspelt.)
 */
#ifndef HOST_CLI_LINE_H
#define HOST_CLI_LINE_H

#include "feature.h"

struct cli_line {
    const struct feature *section; /* NULL: none was named */
    const struct command *command; /* NULL: none was named */
    struct options *options;
    GPtrArray *arguments; /* of char *, without DBNAME, NULL-terminated */
    char *dbname;         /* the positional one, or NULL */
    bool help, version;   /* asked for: the rest may be incomplete */
};

struct cli_line *cli_line_new(void);
void cli_line_free(struct cli_line *line);
AUTO_DEFINE(cli_line, cli_line_free)

/* Reads the words behind the program's name. False with RUNBOOK_USAGE, naming the nearest; what
 * was understood until then stays in the line. */
bool cli_line_parse(struct cli_line *line, const char *const *words, GError **error);

#endif

/*
 * --help and the man page, made from the tables. Neither needs a server or a configuration.
 */
#ifndef HOST_CLI_HELP_H
#define HOST_CLI_HELP_H

#include "feature.h"

/* Help for a command, a section (command NULL) or the program (both NULL). Caller frees. */
char *cli_help(const struct feature *section, const struct command *command);

/* pgrunbook(1) as roff. Caller frees. */
char *cli_manpage(void);

/* What the exit codes of a command with these flags mean, as "CODE\tMEANING" lines: of most
 * commands, of monitoring plugins (CLI_MONITOR), of a restore_command (COMMAND_RESTORES). */
const char *const *cli_exit_codes(unsigned flags);

#endif

/*
 * The host's own commands: one table per file command_NAME.c, gathered in grammar.c.
 */
#ifndef HOST_CLI_COMMANDS_H
#define HOST_CLI_COMMANDS_H

#include "feature.h"

extern const struct command cli_check_commands[];
extern const struct command cli_history_commands[];
extern const struct setting cli_history_settings[];
extern const struct command cli_runbook_commands[];
extern const struct command cli_config_commands[];
extern const struct command cli_setup_commands[];
extern const struct command cli_help_commands[];
extern const struct command cli_completion_commands[];
extern const struct command cli_sql_commands[];

#endif

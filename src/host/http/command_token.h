/*
 * `pgrunbook token`: its rows in the tables.
 */
#ifndef HOST_HTTP_COMMAND_TOKEN_H
#define HOST_HTTP_COMMAND_TOKEN_H

#include "feature.h"

extern const struct command token_commands[];

/* The setting http.tokens, or the file "tokens" beside the history. Caller frees. */
char *token_path(const struct settings *settings);

#endif

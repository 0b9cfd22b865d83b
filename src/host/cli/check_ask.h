/*
 * What `check` and the gatherer share: asking the sections, and the document of what they said.
 */
#ifndef HOST_CLI_CHECK_ASK_H
#define HOST_CLI_CHECK_ASK_H

#include "check.h"

/* Asks one section; one that cannot judge gets a verdict that says so. False only for Ctrl-C.
 * ret_failed (may be NULL): it could not judge. */
bool cli_check_ask(struct check *check, const struct feature *feature, bool *ret_failed,
                   GError **error);

/* An error as a verdict: one sentence, its detail and hint behind it in brackets. */
void cli_check_failure(struct check *check, const char *name, const GError *error);
bool cli_check_interrupted(const GError *error);

/* The document of `check --json`; nothing in other formats. session NULL: there is none. */
void cli_check_print(const struct check *check, struct session *session,
                     const struct call *call, struct output *output);

/* The words that take another command to the same place: as they were typed, but with the database
 * by name, which may have come from the environment. Caller frees. */
char *cli_check_where(const struct call *call, struct session *session);

#endif

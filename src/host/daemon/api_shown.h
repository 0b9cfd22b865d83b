/*
 * What is confirmed is what was shown: the dry run's document names its objects in the list "only",
 * and where the command has the option of that name the act gets these. Pure.
 */
#ifndef HOST_DAEMON_API_SHOWN_H
#define HOST_DAEMON_API_SHOWN_H

#include "feature.h"

#include <glib.h>

/* The words of the act: those of the request, and of what the dry run printed its objects in the
 * place of any that the request named. A command that takes them and has shown none is allowed
 * none. Caller frees with g_strfreev(). */
char **api_shown_words(const struct command *command, const char *const *words,
                       const char *printed, gsize length);

/* The line that a person would type for the same: it asks, and shows for people. Caller frees. */
char *api_shown_line(const char *const *words);

#endif

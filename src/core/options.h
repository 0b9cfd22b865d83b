/*
 * What was given on a command line, by the names of the option tables. A host fills it; features
 * read it through option_given(), option_value() and option_values() of feature.h.
 */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "auto.h"
#include "feature.h"

struct options *options_new(void);
void options_free(struct options *options);
AUTO_DEFINE(options, options_free)

/* Notes that an option was given, in the order of the command line. Both are copied; value is
 * NULL for a switch. */
void options_add(struct options *options, const char *name, const char *value);

#endif

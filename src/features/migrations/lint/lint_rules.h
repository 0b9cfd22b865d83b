/* The catalogue of rules: a row for everything lint can find. */
#ifndef MIGRATIONS_LINT_RULES_H
#define MIGRATIONS_LINT_RULES_H

#include "ddl/ddl.h"

enum lint_severity { LINT_NOTE, LINT_WARNING, LINT_ERROR };
const char *lint_severity_name(enum lint_severity severity); /* "note", "warning", "error" */

struct lint_rule {
    const char *id;              /* "add-foreign-key": in ignore comments and documents */
    enum lint_severity severity; /* of what scans or rewrites, or of what it always is */
    /* Of a rule about work: when the statement finds nothing to scan or rewrite. */
    enum lint_severity idle;
    bool about_work;
    /* Taking something away is what a down script is for: not said of it. */
    bool up_only;
    const char *title; /* a line for lists */
    const char *prose; /* why, and what to do instead */
};

/* Ends with a NULL id. */
extern const struct lint_rule lint_rules[];

/* NULL: there is none. */
const struct lint_rule *lint_rule_find(const char *id);
/* The same for an id that the program itself names: it has to be there. */
const struct lint_rule *lint_rule(const char *id);
/* The nearest id to a misspelt one; NULL: none is near. */
const char *lint_rule_nearest(const char *id);

/* What is said of a cause: the rule, the message with its {places}, and what to write
 * instead. */
struct lint_saying {
    const char *rule;
    const char *message;
};
const struct lint_saying *lint_saying(enum ddl_cause cause);

#endif

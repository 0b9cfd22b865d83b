/*
 * What the sections said during `check`: filled through check_add() and check_unreadable() of
 * feature.h, read back by the host.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include "auto.h"
#include "feature.h"

/* Something that could not be read, and the SQL that would allow it (NULL: none is known). */
struct check_gap {
    char *what, *remedy;
};

/* All are borrowed; session is NULL when there is none. where: see check_where(). */
struct check *check_new(struct session *session, const struct settings *settings,
                        const char *where);
void check_free(struct check *check);
AUTO_DEFINE(check, check_free)

/* What is added from here on is of that section; NULL: of none. Borrowed for good. */
void check_begin_section(struct check *check, const char *section);

/* In the order they were added; borrowed. */
guint check_verdicts(const struct check *check);
const struct verdict *check_verdict(const struct check *check, guint index);
/* The section that added it; NULL: none. */
const char *check_verdict_section(const struct check *check, guint index);
/* The SQL that was given for it; NULL: none. */
const char *check_verdict_sql(const struct check *check, guint index);
guint check_gaps(const struct check *check);
const struct check_gap *check_gap(const struct check *check, guint index);

/* What was handed over since check_forget(), which frees it; NULL: nothing. */
gpointer check_observed(const struct check *check);
void check_forget(struct check *check);

/* "ok", "warning", "critical", "unknown". */
const char *check_status_name(enum verdict_status status);

/* The graver of two: critical, then warning, then unknown, then ok. */
enum verdict_status check_worse(enum verdict_status left, enum verdict_status right);

/* The gravest of all verdicts; unknown when there are none. */
enum verdict_status check_status(const struct check *check);

#endif

/* What the parts of report_words share. */
#ifndef HOST_REPORT_WORDS_H
#define HOST_REPORT_WORDS_H

#include "report/page.h"

/* "5 Oct 14:03", in the report's zone; "" for 0. Caller frees. */
char *words_moment(const struct report *report, gint64 at_us);
char *words_day(const struct report *report, gint64 at_us);
char *words_share(double part, double whole); /* "85 %"; Caller frees. */
/* The target's column is worth its place only when there are several. */
const char *words_target(const char *target);
enum report_tone words_tone(enum report_outcome outcome);

/* "… and 3 more runs" where not all are shown. */
void words_more(struct page *page, guint all, guint shown, const char *noun);
/* A cell with a name that others have chosen: a line break in it is seen, too. */
void words_name(struct page *page, const char *name);

void words_space(struct page *page, const struct report *report);
void words_incidents(struct page *page, const struct report *report);
void words_connections(struct page *page, const struct report *report);
void words_backups(struct page *page, const struct report *report);
void words_migrations(struct page *page, const struct report *report);
void words_indexes(struct page *page, const struct report *report);
void words_growth(struct page *page, const struct report *report);
void words_turns(struct page *page, const struct report *report);

#endif

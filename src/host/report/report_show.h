/*
 * The section `report`: its rows in the tables, the document, and mail.
 */
#ifndef HOST_REPORT_SHOW_H
#define HOST_REPORT_SHOW_H

#include "feature.h"
#include "report/report.h"

extern const struct setting report_settings[];
extern const struct command report_commands[];
extern const struct job report_jobs[];

/* pgrunbook.report/1. */
void report_document(const struct report *report, struct output *output);

/* The report of the month that --month names, or of the last one that is over; of that target, or
 * of all (NULL). NULL with an error. */
struct report *report_make(struct call *call, const char *target, GError **error);

/* `report send`: into the folder, and by mail. */
enum runbook_exit report_send_command(struct call *call, GError **error);

struct report_letter {
    const char *from;
    const char *const *to;
    const char *subject;
    const char *text; /* for who reads no HTML */
    const char *html;
    const char *file; /* the name under which the HTML is attached */
    gint64 now_s;
    guint32 unique; /* makes the Message-ID and the boundary */
};
/* Header and body as RFC 5322 and MIME have them, lines ending with CR LF, all of it ASCII: the
 * text, and the page as an attachment. Pure; caller frees. */
char *report_mail(const struct report_letter *letter);

#endif

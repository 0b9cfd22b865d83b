/*
 * The local sendmail as a child process: the mail is its standard input, the recipients are those
 * of the header (-t).
 */
#ifndef HOST_NOTIFY_SENDMAIL_H
#define HOST_NOTIFY_SENDMAIL_H

#include "auto.h"

#include <stdbool.h>

struct sendmail;

/* text: as notify_mail() makes it. NULL with an error when there is no such program. */
struct sendmail *sendmail_start(const char *program, const char *text, GError **error);

/* Ends it when it is still at work. */
void sendmail_free(struct sendmail *sendmail);
AUTO_DEFINE(sendmail, sendmail_free)

/* For poll(): readable once it has ended. */
int sendmail_fd(const struct sendmail *sendmail);

/* When it is killed, on the monotonic clock. */
gint64 sendmail_deadline_us(const struct sendmail *sendmail);

/* Whether it has ended; kills it after its time. ret_code: its exit code, -1 for a signal. */
bool sendmail_ended(struct sendmail *sendmail, int *ret_code);

/* What it said and how it ended, once it has; one line. Caller frees. */
char *sendmail_words(struct sendmail *sendmail);

#endif

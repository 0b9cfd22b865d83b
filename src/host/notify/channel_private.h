/*
 * What a channel is made of.
 */
#ifndef HOST_NOTIFY_CHANNEL_PRIVATE_H
#define HOST_NOTIFY_CHANNEL_PRIVATE_H

#include "notify/channel.h"
#include "notify/sendmail.h"

struct channel {
    char *name, *key;
    struct fetch *fetch; /* borrowed */
    char *url;           /* of a webhook, or of an SMTP server; NULL: the local sendmail */
    GBytes *secret;      /* of a webhook; NULL: none, messages are not signed */
    char *sendmail, *from;
    char **to; /* NULL: a webhook */
    struct sendmail *child;
    GError *not_started;
    channel_done *done; /* NULL: nothing is under way */
    gpointer data;
};

void channel_free(gpointer data); /* for arrays of them */

#endif

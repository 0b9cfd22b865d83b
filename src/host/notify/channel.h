/*
 * A way out of the house: a webhook, or mail. One message at a time; its end is told by done().
 */
#ifndef HOST_NOTIFY_CHANNEL_H
#define HOST_NOTIFY_CHANNEL_H

#include "auto.h"
#include "fetch/fetch.h"
#include "notify/notify.h"
#include "out/output.h"
#include "settings/settings.h"

struct channel;

/* Who sends mail: notify.mail_from, or pgrunbook at this host. Caller frees. */
char *channels_sender(const struct settings *settings);

/* Whether what the settings have for addresses is some, whether or not anything is mailed yet:
 * the list of that name and notify.mail_from. RUNBOOK_USAGE, which names the setting. */
bool channels_may_mail(const struct settings *settings, const char *list, GError **error);

/* All that the settings name, as an array of struct channel that owns them; an empty one when
 * there is none. What is doubtful is warned of. NULL with RUNBOOK_USAGE. */
GPtrArray *channels_new(const struct settings *settings, struct fetch *fetch,
                        struct output *output, GError **error);

/* "webhook chat.example.com", "mail": without what may be a secret of the address. */
const char *channel_name(const struct channel *channel);

/* The same for the same address, in each process, and for no other; tells nothing of it. */
const char *channel_key(const struct channel *channel);

/* What came of a message; borrowed. */
struct channel_outcome {
    enum notify_verdict verdict;
    const char *words; /* "answered 503", never NULL */
    bool partly;       /* delivered, but not to all who were to have it; words tells */
    gint64 asked_ms;   /* how long the other side wants to be left alone; 0: not said */
};
typedef void channel_done(const struct channel_outcome *outcome, gpointer data);

/* Copies the message. done() is called once, by channels_wait(). */
void channel_send(struct channel *channel, const struct notify_message *message,
                  channel_done *done, gpointer data);
bool channel_is_busy(const struct channel *channel);

/* What would be sent now. Caller frees. */
char *channel_preview(const struct channel *channel, const struct notify_message *message);

/* fetch_wait(), and mail programs as well. */
bool channels_wait(GPtrArray *channels, struct fetch *fetch, struct pollfd *own, guint count,
                   int timeout_ms);

#endif

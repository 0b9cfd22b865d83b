#include "notify/channel.h"

#include "notify/channel_private.h"

#include <string.h>

enum { WEBHOOK_PATIENCE_MS = 10000, SMTP_PATIENCE_MS = 30000, ANSWER_BYTES = 300 };

void channel_free(gpointer data)
{
    struct channel *channel = data;

    if (channel->child != NULL)
        sendmail_free(channel->child);
    g_free(channel->name);
    g_free(channel->key);
    g_free(channel->url);
    g_free(channel->sendmail);
    g_free(channel->from);
    g_strfreev(channel->to);
    if (channel->secret != NULL)
        g_bytes_unref(channel->secret);
    g_free(channel);
}

const char *channel_name(const struct channel *channel)
{
    return channel->name;
}

const char *channel_key(const struct channel *channel)
{
    return channel->key;
}

bool channel_is_busy(const struct channel *channel)
{
    return channel->done != NULL;
}

static void end(struct channel *channel, const struct channel_outcome *outcome)
{
    channel_done *done = channel->done;

    channel->done = NULL;
    done(outcome, channel->data);
}

/* ---- webhook ------------------------------------------------------------------------------- */

/* The beginning of what was answered, on one line; it often says what is wrong. */
static char *answer_in_words(const struct fetch_answer *answer)
{
    g_autofree char *said = g_utf8_make_valid(answer->body, (gssize) answer->length);
    const char *moved = answer->status >= 300 && answer->status < 400
                            ? "; a redirect is not followed, configure the new address"
                            : "";

    for (char *c = said; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    g_strstrip(said);
    bool mute = said[0] == '\0' || answer->status < 300;
    return g_strdup_printf("answered %d%s%s%s", answer->status, mute ? "" : ": ",
                           mute ? "" : said, moved);
}

static void on_answer(const struct fetch_answer *answer, gpointer data)
{
    struct channel *channel = data;
    g_autofree char *words =
        answer->status != 0 ? answer_in_words(answer) : g_strdup(answer->error);
    gint64 now_s = g_get_real_time() / G_USEC_PER_SEC;

    const struct channel_outcome outcome = {
        .verdict = notify_judge_http(answer->status),
        .words = words,
        .asked_ms = notify_retry_after_ms(answer->retry_after, now_s),
    };

    end(channel, &outcome);
}

static void post(struct channel *channel, const struct notify_message *message)
{
    g_autofree char *body = notify_payload(message);
    g_autofree char *delivery = notify_delivery_id(message->event);
    g_autofree char *id = g_strconcat("X-Pgrunbook-Delivery: ", delivery, NULL);
    g_autofree char *signature = NULL;
    gsize length;
    const char *secret =
        channel->secret != NULL ? g_bytes_get_data(channel->secret, &length) : NULL;

    if (secret != NULL) {
        g_autofree char *value =
            notify_signature(secret, length, g_get_real_time() / G_USEC_PER_SEC, body);
        signature = g_strconcat("X-Pgrunbook-Signature: ", value, NULL);
    }
    const char *headers[] = {"Content-Type: application/json", id, signature, NULL};
    const struct fetch_request request = {
        .url = channel->url,
        .method = "POST",
        .body = body,
        .headers = headers,
        .timeout_ms = WEBHOOK_PATIENCE_MS,
        .keep = ANSWER_BYTES,
        .proxy = true,
    };
    fetch_start(channel->fetch, &request, on_answer, channel);
}

/* ---- mail ---------------------------------------------------------------------------------- */

static char *mail_of(const struct channel *channel, const struct notify_message *message)
{
    const struct notify_envelope envelope = {
        .from = channel->from,
        .to = (const char *const *) channel->to,
        .now_s = g_get_real_time() / G_USEC_PER_SEC,
        .unique = g_random_int(),
    };

    return notify_mail(message, &envelope);
}

static void on_mail(const struct fetch_answer *answer, gpointer data)
{
    struct channel *channel = data;
    bool failed = answer->error != NULL;
    bool partly = !failed && answer->turned_away != NULL;
    g_autofree char *reply = g_strchomp(g_strdup(failed ? answer->error : answer->body));
    g_autofree char *words =
        partly ? g_strdup_printf("%s; not for %s", reply, answer->turned_away) : NULL;
    const struct channel_outcome outcome = {
        .verdict = notify_judge_smtp(failed, answer->status),
        .words = partly ? words : reply,
        .partly = partly,
    };

    end(channel, &outcome);
}

static void mail(struct channel *channel, const struct notify_message *message)
{
    g_autofree char *text = mail_of(channel, message);
    const struct fetch_mail letter = {
        .url = channel->url,
        .from = channel->from,
        .to = (const char *const *) channel->to,
        .text = text,
        .timeout_ms = SMTP_PATIENCE_MS,
    };

    if (channel->url != NULL) {
        fetch_mail(channel->fetch, &letter, on_mail, channel);
        return;
    }
    g_clear_pointer(&channel->not_started, g_error_free);
    channel->child = sendmail_start(channel->sendmail, text, &channel->not_started);
}

/* ---- both ---------------------------------------------------------------------------------- */

void channel_send(struct channel *channel, const struct notify_message *message,
                  channel_done *done, gpointer data)
{
    g_return_if_fail(!channel_is_busy(channel));
    channel->done = done;
    channel->data = data;
    if (channel->to == NULL)
        post(channel, message);
    else
        mail(channel, message);
}

char *channel_preview(const struct channel *channel, const struct notify_message *message)
{
    if (channel->to != NULL)
        return mail_of(channel, message);
    g_autofree char *payload = notify_payload(message);
    json_t *object = json_loads(payload, 0, NULL);
    char *pretty = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    char *text = g_strdup_printf("POST %s\n\n%s\n", channel->url, pretty);
    free(pretty);
    json_decref(object);
    return text;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static bool look_after_child(struct channel *channel)
{
    int code;

    if (channel->not_started != NULL) {
        g_autoptr(GError) error = g_steal_pointer(&channel->not_started);
        end(channel, &(struct channel_outcome){NOTIFY_AGAIN, error->message, false, 0});
        return true;
    }
    if (channel->child == NULL || !sendmail_ended(channel->child, &code))
        return false;
    g_autofree char *words =
        code == 0 ? g_strdup("taken by the mail program") : sendmail_words(channel->child);
    g_clear_pointer(&channel->child, sendmail_free);
    end(channel, &(struct channel_outcome){notify_judge_sendmail(code), words, false, 0});
    return true;
}

static bool look_after_children(GPtrArray *channels)
{
    bool any = false;

    for (guint i = 0; i < channels->len; i++)
        any = look_after_child(channels->pdata[i]) || any;
    return any;
}

/* No longer than until a mail program's time is over. */
static int shorten(int timeout_ms, const struct channel *channel)
{
    gint64 left_us = sendmail_deadline_us(channel->child) - g_get_monotonic_time();
    int left_ms = (int) CLAMP(left_us / 1000 + 1, 0, G_MAXINT32);

    return timeout_ms < 0 ? left_ms : MIN(timeout_ms, left_ms);
}

bool channels_wait(GPtrArray *channels, struct fetch *fetch, struct pollfd *own, guint count,
                   int timeout_ms)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct pollfd));

    if (look_after_children(channels))
        timeout_ms = 0;
    g_array_append_vals(all, own, count);
    for (guint i = 0; i < channels->len; i++) {
        const struct channel *channel = channels->pdata[i];
        if (channel->child == NULL)
            continue;
        struct pollfd ended = {.fd = sendmail_fd(channel->child), .events = POLLIN};
        g_array_append_val(all, ended);
        timeout_ms = shorten(timeout_ms, channel);
    }
    struct pollfd *each = (struct pollfd *) (gpointer) all->data;
    fetch_wait(fetch, each, all->len, timeout_ms);
    bool ready = false;
    for (guint i = 0; i < count; i++) {
        own[i].revents = each[i].revents;
        ready = ready || own[i].revents != 0;
    }
    look_after_children(channels);
    return ready;
}

/* `pgrunbook notify`: its rows in the tables, and `notify test`. */
#include "interrupt.h"
#include "notify/channel.h"
#include "notify/deliver.h"
#include "out/document.h"
#include "out/grid.h"

#include <string.h>

const struct setting notify_settings[] = {
    {"webhook", SETTING_LIST, SETTING_GLOBAL_ONLY, NULL, NULL, NULL, NULL,
     "Where events are posted as JSON, as in https://alerts.example.com/hooks/pgrunbook; "
     "several "
     "with commas between them. Redirects are not followed."},
    {"webhook_secret_file", SETTING_STRING, SETTING_GLOBAL_ONLY, NULL, NULL, NULL, NULL,
     "File with the secret that messages to webhooks are signed with (HMAC-SHA256, header "
     "X-Pgrunbook-Signature). Nobody but the program's user should be able to read it. Unset: "
     "they are not signed."},
    {"mail_to", SETTING_LIST, SETTING_GLOBAL_ONLY, NULL, NULL, NULL, NULL,
     "Who gets a mail about events: addresses with commas between them."},
    {"mail_from", SETTING_STRING, SETTING_GLOBAL_ONLY, NULL, NULL, NULL, NULL,
     "Sender of the mails. Unset: pgrunbook@ and the name of this machine."},
    {"smtp", SETTING_STRING, SETTING_GLOBAL_ONLY, NULL, NULL, NULL, NULL,
     "Mail server to hand mails to, as in smtp://mail.example.com:25; with TLS where it offers "
     "it. smtps:// insists on TLS and on a valid certificate. There is no login: it must take "
     "mails from this machine. Unset: the local mail program takes them."},
    {"sendmail", SETTING_STRING, SETTING_GLOBAL_ONLY, "/usr/sbin/sendmail", NULL, NULL, NULL,
     "The local mail program, called with -t -i."},
    {"severity", SETTING_CHOICE, SETTING_GLOBAL_ONLY, "warning", NULL, NULL,
     (const char *const[]){"info", "warning", "critical", NULL},
     "Events below this are not sent; they are in the history all the same."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

/* ---- notify test --------------------------------------------------------------------------- */

/* What came of one. */
struct attempt {
    struct channel *channel;
    bool ended, delivered;
    char *words;
};

static void free_attempt(gpointer data)
{
    struct attempt *attempt = data;

    g_free(attempt->words);
    g_free(attempt);
}

static void on_outcome(const struct channel_outcome *outcome, gpointer data)
{
    struct attempt *attempt = data;

    attempt->ended = true;
    attempt->delivered = outcome->verdict == NOTIFY_DELIVERED;
    attempt->words = g_strdup(outcome->words);
}

static bool all_ended(const GPtrArray *attempts)
{
    for (guint i = 0; i < attempts->len; i++)
        if (!((const struct attempt *) attempts->pdata[i])->ended)
            return false;
    return true;
}

/* Each channel has its own time limit, so this ends. False: on a signal. */
static bool send_all(GPtrArray *channels, struct fetch *fetch,
                     const struct notify_message *message, GPtrArray *attempts)
{
    struct pollfd signal = {.fd = interrupt_fd(), .events = POLLIN};

    for (guint i = 0; i < channels->len; i++) {
        struct attempt *attempt = g_new0(struct attempt, 1);
        attempt->channel = channels->pdata[i];
        g_ptr_array_add(attempts, attempt);
        channel_send(attempt->channel, message, on_outcome, attempt);
    }
    while (!all_ended(attempts) && !interrupt_pending())
        channels_wait(channels, fetch, &signal, 1, -1);
    return !interrupt_pending();
}

static enum runbook_exit show(const GPtrArray *attempts, struct output *output)
{
    static const struct grid_column columns[] = {
        {"Channel", false}, {"Delivered", false}, {"What it said", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    struct document *document = document_begin(output, "notify.test/1", NULL);
    bool good = true;

    document_array(document, "channels");
    for (guint i = 0; i < attempts->len; i++) {
        const struct attempt *attempt = attempts->pdata[i];
        const char *name = channel_name(attempt->channel);
        g_autofree char *words = g_strchomp(g_strdup(attempt->words));
        grid_cell(grid, OUTPUT_PLAIN, name);
        grid_cell(grid, attempt->delivered ? OUTPUT_GOOD : OUTPUT_BAD,
                  attempt->delivered ? "yes" : "no");
        grid_cell(grid, OUTPUT_PLAIN, words);
        document_item(document,
                      json_pack("{s:o, s:b, s:o}", "channel", document_text(name), "delivered",
                                attempt->delivered, "message", document_text(words)));
        good = good && attempt->delivered;
    }
    document_array_end(document);
    document_end(document);
    if (output_format(output) != OUTPUT_JSON)
        grid_print(grid, output);
    return good ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

static void preview(GPtrArray *channels, const struct notify_message *message,
                    struct output *output)
{
    for (guint i = 0; i < channels->len; i++) {
        g_autofree char *text = channel_preview(channels->pdata[i], message);
        g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
        g_autofree char *local = g_strjoinv("\n", lines);
        output_raw(output, i > 0 ? "\n" : "");
        output_raw(output, local);
    }
}

static enum runbook_exit test_command(struct call *call, GError **error)
{
    AUTO(fetch) fetch = fetch_new();
    AUTO(notify_event) event = notify_event_test(g_get_real_time());
    const struct notify_message message = {event, true, g_get_host_name()};
    g_autoptr(GPtrArray) attempts = g_ptr_array_new_with_free_func(free_attempt);
    g_autoptr(GPtrArray) channels = channels_new(call->settings, fetch, call->output, error);

    if (channels == NULL)
        return runbook_error_exit(*error);
    if (channels->len == 0) {
        runbook_error_set(error, RUNBOOK_FAILED,
                          "set notify.webhook or notify.mail_to in the section [pgrunbook] of "
                          "the configuration",
                          "there is nowhere to send messages to");
        return RUNBOOK_FAILED;
    }
    if (call->dry_run) {
        preview(channels, &message, call->output);
        return RUNBOOK_DONE;
    }
    if (!send_all(channels, fetch, &message, attempts))
        return RUNBOOK_INTERRUPTED;
    return show(attempts, call->output);
}

/* ---- the tables ---------------------------------------------------------------------------- */

static const struct option test_options[] = {
    {.name = "dry-run", .prose = "print what would be sent; send nothing"},
    {.name = NULL},
};

const struct command notify_commands[] = {
    {
        .verb = "test",
        .summary = "Send a test message by every channel, now",
        .prose = "Says for each channel what came of it. A channel is a webhook "
                 "(notify.webhook) or mail (notify.mail_to); \"pgrunbook serve\" sends events "
                 "there. Exit code 1 when one of them did not take the message.",
        .examples = "pgrunbook notify test\n"
                    "pgrunbook notify test --dry-run",
        .options = test_options,
        .flags = COMMAND_LOCAL,
        .run = test_command,
    },
    {
        .verb = "deliver",
        .summary = "Deliver events that come as lines of JSON (for pgrunbook serve)",
        .flags = COMMAND_HIDDEN,
        .run = deliver_command,
    },
    {.run = NULL},
};

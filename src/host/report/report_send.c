/* `report send`: the report into its folder, and to whom it may concern. */
#include "daemon/job_words.h"
#include "error.h"
#include "fetch/fetch.h"
#include "interrupt.h"
#include "notify/channel.h"
#include "notify/notify.h"
#include "notify/sendmail.h"
#include "out/document.h"
#include "out/whole_file.h"
#include "report/page.h"
#include "report/report_show.h"

#include <poll.h>
#include <string.h>

enum { MAIL_MS = 60000 };

/* What came of the mail. */
struct delivery {
    bool ended, good; /* good: it was taken, for all who are not in away */
    bool never;       /* another try would get the same answer */
    bool unsure;      /* it was given, and nobody said whether it was taken */
    char *words, *away;
};

/* ---- the mail ------------------------------------------------------------------------------- */

enum { SMTP_GO_ON = 354 }; /* the text follows */

static void on_answer(const struct fetch_answer *answer, gpointer data)
{
    struct delivery *delivery = data;

    delivery->ended = true;
    delivery->good = answer->error == NULL;
    delivery->never = notify_judge_smtp(answer->error != NULL, answer->status) == NOTIFY_NEVER;
    delivery->unsure = answer->error != NULL && answer->status == SMTP_GO_ON;
    delivery->words = g_strdup(answer->error);
    delivery->away = g_strdup(answer->turned_away);
}

static void send_by_smtp(const char *server, const struct report_letter *letter,
                         const char *text, struct delivery *delivery)
{
    g_autofree char *url =
        strstr(server, "://") == NULL ? g_strconcat("smtp://", server, NULL) : g_strdup(server);
    const struct fetch_mail mail = {.url = url,
                                    .from = letter->from,
                                    .to = letter->to,
                                    .text = text,
                                    .timeout_ms = MAIL_MS,
                                    .given_up = interrupt_pending};
    struct pollfd signal = {.fd = interrupt_fd(), .events = POLLIN};
    AUTO(fetch) fetch = fetch_new();

    fetch_mail(fetch, &mail, on_answer, delivery);
    while (!delivery->ended && !interrupt_pending())
        fetch_wait(fetch, &signal, 1, -1);
    fetch_give_up(fetch);
}

static bool send_by_program(const char *program, const char *text, struct delivery *delivery,
                            GError **error)
{
    AUTO(sendmail) sendmail = sendmail_start(program, text, error);
    int code = -1;

    if (sendmail == NULL)
        return false;
    while (!delivery->ended && !interrupt_pending()) {
        struct pollfd waits[] = {{.fd = sendmail_fd(sendmail), .events = POLLIN},
                                 {.fd = interrupt_fd(), .events = POLLIN}};
        const gint64 left_us = sendmail_deadline_us(sendmail) - g_get_monotonic_time();
        poll(waits, 2, (int) CLAMP(left_us / 1000 + 1, 0, MAIL_MS));
        delivery->ended = sendmail_ended(sendmail, &code);
    }
    delivery->good = delivery->ended && code == 0;
    delivery->never = delivery->ended && notify_judge_sendmail(code) == NOTIFY_NEVER;
    delivery->unsure =
        code < 0; /* a signal, ours too, or it is still at work: it has the text */
    delivery->words = delivery->ended ? sendmail_words(sendmail)
                                      : g_strdup("the mail program was not waited for");
    return true;
}

/* False with an error: it did not come to an answer. */
static bool send_letter(const struct call *call, const struct report_letter *letter,
                        struct delivery *delivery, GError **error)
{
    const char *smtp = settings_string(call->settings, "notify.smtp");
    const char *program = settings_string(call->settings, "notify.sendmail");
    g_autofree char *text = report_mail(letter);

    if (smtp != NULL && smtp[0] != '\0')
        send_by_smtp(smtp, letter, text, delivery);
    else if (!send_by_program(program, text, delivery, error))
        return false;
    if (delivery->good || delivery->unsure || !interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "the mail was not sent");
    return false;
}

static bool send_mail(const struct call *call, const struct page *page, const char *file,
                      struct delivery *delivery, GError **error)
{
    g_autofree char *from = channels_sender(call->settings);
    g_autofree char *text = page_plain(page, false);
    g_autofree char *html = page_html(page);
    const struct report_letter letter = {
        .from = from,
        .to = settings_list(call->settings, "report.to"),
        .subject = page->title,
        .text = text,
        .html = html,
        .file = file,
        .now_s = g_get_real_time() / G_USEC_PER_SEC,
        .unique = g_random_int(),
    };

    return channels_may_mail(call->settings, "report.to", error) &&
           send_letter(call, &letter, delivery, error);
}

/* Whether it is named in what fetch tells of those that were turned away: "a@b (550 no), …". */
static bool is_away(const struct delivery *delivery, const char *address)
{
    g_autofree char *first = g_strconcat(address, " (", NULL);
    g_autofree char *later = g_strconcat(", ", first, NULL);

    return delivery->away != NULL &&
           (g_str_has_prefix(delivery->away, first) || strstr(delivery->away, later) != NULL);
}

static void say_mailed(const struct call *call, const struct delivery *delivery)
{
    const char *const *to = settings_list(call->settings, "report.to");

    for (guint i = 0; to[i] != NULL; i++)
        if (!is_away(delivery, to[i]))
            output_say(call->output, "Mailed: %s", to[i]);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* "shop-2026-10.html"; a name from the configuration has nothing that a path would not bear. */
static char *file_of(const struct report *report, const char *extension)
{
    g_autofree char *name = g_strdup(report->target != NULL ? report->target : "all");

    g_strdelimit(name, "/\\", '-');
    return g_strdup_printf("%s-%04d-%02d.%s", name, report->month.year, report->month.month,
                           extension);
}

static bool put_file(const struct call *call, const struct page *page, const char *folder,
                     const char *file, bool markdown, GError **error)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *text = markdown ? page_plain(page, true) : page_html(page);

    if (!whole_file_write(path, text, error))
        return false;
    output_say(call->output, "Written: %s", path);
    return true;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void show(const struct call *call, const struct report *report, const char *folder,
                 const char *file, const char *const *to)
{
    struct document *document = document_begin(call->output, "report.send/1", NULL);
    g_autofree char *month =
        g_strdup_printf("%04d-%02d", report->month.year, report->month.month);
    g_autofree char *path = folder != NULL ? g_build_filename(folder, file, NULL) : NULL;

    document_member(document, "month", json_string(month));
    document_member(document, "target", document_text(report->target));
    document_member(document, "file", document_text(path));
    document_array(document, "to");
    for (guint i = 0; to[i] != NULL; i++)
        document_item(document, document_text(to[i]));
    document_array_end(document);
    document_end(document);
}

/* ---- what came of it ------------------------------------------------------------------------ */

/* What failed, in words; of the mail first. */
static char *failures(const struct delivery *delivery, const GError *unkept)
{
    const char *words[] = {delivery->good ? NULL : delivery->words,
                           delivery->good ? delivery->away : NULL,
                           unkept != NULL ? unkept->message : NULL};
    GString *all = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i] != NULL)
            g_string_append_printf(all, "%s%s", all->len > 0 ? "; " : "", words[i]);
    return g_string_free(all, FALSE);
}

/* Nobody is mailed twice: once somebody has it, what is missing is said, and that is all. */
static bool judge(const struct delivery *delivery, const GError *unkept, GError **error)
{
    g_autofree char *words = failures(delivery, unkept);

    if (delivery->good && (delivery->away != NULL || unkept != NULL))
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the report was mailed and " JOB_NOT_AGAIN "; this failed: %s",
                          words);
    else if (delivery->unsure)
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the report may have been mailed and " JOB_NOT_AGAIN ": %s", words);
    else if (!delivery->good && delivery->never && unkept == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, "pgrunbook notify test",
                          "the report could not be mailed and " JOB_NOT_AGAIN ": %s", words);
    else if (!delivery->good)
        runbook_error_set(error, RUNBOOK_FAILED, "pgrunbook notify test",
                          "the report could not be mailed: %s", words);
    else
        return true;
    return false;
}

/* Both ways: a folder that is full is no reason for nobody to get the mail, nor the other way
 * round. The file first: where there is no mail, and where it is not taken, all is tried again. */
static bool deliver(const struct call *call, const struct report *report, const char *folder,
                    const char *file, bool markdown, GError **error)
{
    AUTO(page) page = report_page(report);
    g_autofree char *attached = file_of(report, "html");
    g_autoptr(GError) unkept = NULL;
    struct delivery delivery = {.ended = false};
    const bool kept = folder == NULL || put_file(call, page, folder, file, markdown, &unkept);

    if (settings_list(call->settings, "report.to")[0] == NULL) {
        if (!kept)
            g_propagate_error(error, g_steal_pointer(&unkept));
        return kept;
    }
    if (!kept)
        output_warn(call->output, "%s", unkept->message);
    bool good = send_mail(call, page, attached, &delivery, error);
    if (good && delivery.good)
        say_mailed(call, &delivery);
    good = good && judge(&delivery, unkept, error);
    g_free(delivery.words);
    g_free(delivery.away);
    return good;
}

enum runbook_exit report_send_command(struct call *call, GError **error)
{
    const char *folder = settings_string(call->settings, "report.folder");
    const char *const *to = settings_list(call->settings, "report.to");
    const char *format = settings_string(call->settings, "report.format");
    const bool markdown = strcmp(format, "markdown") == 0;

    folder = folder != NULL && folder[0] != '\0' ? folder : NULL;
    if (folder == NULL && to[0] == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "set report.folder, report.to, or both",
                          "there is nowhere to send the report to");
        return RUNBOOK_USAGE;
    }
    AUTO(report)
    report = report_make(call, call->target != NULL ? call->target : call->alias, error);
    if (report == NULL)
        return runbook_error_exit(*error);
    g_autofree char *file = file_of(report, markdown ? "md" : "html");
    if (!deliver(call, report, folder, file, markdown, error))
        return runbook_error_exit(*error);
    show(call, report, folder, file, to);
    return RUNBOOK_DONE;
}

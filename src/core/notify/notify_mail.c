/*
 * A mail: header lines of ASCII, an encoded subject (RFC 2047), a body in quoted-printable. No text
 * of an event reaches the header but through the encoding.
 */
#include "notify/notify_private.h"

#include "out/json_text.h"

#include <string.h>

enum {
    SUBJECT_BYTES = 200, /* of text; what is longer is in the body as well */
    WORD_BYTES = 42,     /* that base64 makes an encoded word of at most 75 characters of */
    LINE_BYTES = 72,     /* of the body */
    BODY_BYTES = 32 * 1024,
};

/* ---- addresses ----------------------------------------------------------------------------- */

bool notify_is_address(const char *text)
{
    const char *at = strrchr(text, '@');

    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c) || strchr("<>(),;:\\\"[]", *c) != NULL)
            return false;
    /* A name alone is a user of this machine. Not one that sendmail takes for an option. */
    return text[0] != '\0' && text[0] != '-' && text[0] != '@' && (at == NULL || at[1] != '\0');
}

/* ---- subject ------------------------------------------------------------------------------- */

/* At most that many bytes, and no piece of a character. */
static gsize whole_characters(const char *text, gsize most)
{
    gsize length = strlen(text);

    if (length <= most)
        return length;
    while (most > 0 && ((guchar) text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isprint(*c))
            return false;
    return strstr(text, "=?") == NULL && strlen(text) <= LINE_BYTES;
}

static void add_subject(GString *mail, const char *headline)
{
    g_autofree char *subject = g_strndup(headline, whole_characters(headline, SUBJECT_BYTES));
    const char *rest = subject;

    g_string_append(mail, "Subject:");
    if (is_plain(subject)) {
        g_string_append_printf(mail, " %s\r\n", subject);
        return;
    }
    while (*rest != '\0') {
        gsize length = whole_characters(rest, WORD_BYTES);
        g_autofree char *word = g_base64_encode((const guchar *) rest, length);
        g_string_append_printf(mail, "%s =?UTF-8?B?%s?=", rest == subject ? "" : "\r\n", word);
        rest += length;
    }
    g_string_append(mail, "\r\n");
}

/* ---- header -------------------------------------------------------------------------------- */

static void add_time(GString *mail, gint64 now_s)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(now_s);

    if (now == NULL)
        return;
    g_string_append_printf(
        mail, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
        days[g_date_time_get_day_of_week(now) - 1], g_date_time_get_day_of_month(now),
        months[g_date_time_get_month(now) - 1], g_date_time_get_year(now),
        g_date_time_get_hour(now), g_date_time_get_minute(now), g_date_time_get_second(now));
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at != NULL ? at + 1 : "localhost";
}

/* Mails about one event make one thread: all of them answer a first one that was never sent. */
static void add_ids(GString *mail, const struct notify_message *message,
                    const struct notify_envelope *envelope)
{
    g_autofree char *delivery = notify_delivery_id(message->event);
    g_autofree char *incident = notify_incident(message->event);
    const char *domain = domain_of(envelope->from);

    g_string_append_printf(mail, "Message-ID: <pgrunbook.%s.%08x@%s>\r\n", delivery,
                           envelope->unique, domain);
    g_string_append_printf(mail, "References: <pgrunbook.%s@%s>\r\n", incident, domain);
}

static void add_header(GString *mail, const struct notify_message *message,
                       const struct notify_envelope *envelope)
{
    g_autofree char *headline = notify_headline(message);

    add_time(mail, envelope->now_s);
    g_string_append_printf(mail, "From: pgrunbook <%s>\r\n", envelope->from);
    for (guint i = 0; envelope->to[i] != NULL; i++)
        g_string_append_printf(mail, "%s%s", i == 0 ? "To: " : ",\r\n ", envelope->to[i]);
    g_string_append(mail, "\r\n");
    add_subject(mail, headline);
    add_ids(mail, message, envelope);
    /* No machine is to answer it, an "out of office" least of all. */
    g_string_append(mail, "Auto-Submitted: auto-generated\r\n"
                          "MIME-Version: 1.0\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\n"
                          "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

/* ---- body ---------------------------------------------------------------------------------- */

static void add_line(GString *body, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0')
        g_string_append_printf(body, "%-10s%s\n", label, text);
}

static void add_moment(GString *body, const char *label, gint64 wall_us)
{
    char text[JSON_TEXT_TIME_SIZE];

    if (json_text_format_time(wall_us, text))
        add_line(body, label, text);
}

static void add_detail(GString *body, const struct notify_event *event)
{
    char *detail = event->detail != NULL ? json_dumps(event->detail, JSON_INDENT(2)) : NULL;

    if (detail != NULL)
        g_string_append_printf(body, "\n%s\n", detail);
    free(detail);
    if (event->run != 0)
        g_string_append_printf(body, "\npgrunbook history show %" G_GINT64_FORMAT "\n",
                               event->run);
}

static char *body_of(const struct notify_message *message)
{
    const struct notify_event *event = message->event;
    g_autofree char *headline = notify_headline(message);
    g_autofree char *lasted = notify_lasted(event);
    GString *body = g_string_new(NULL);

    g_string_append_printf(body, "%s\n\n", headline);
    add_line(body, "Target:", event->target);
    add_line(body, "What:", event->name);
    add_line(body, "Severity:", notify_severity_word(event->severity));
    add_line(body, "Message:", event->message);
    add_line(body, "End:", event->closing);
    add_moment(body, "Since:", event->opened_us);
    if (event->state == NOTIFY_CLOSED) {
        add_moment(body, "Until:", event->closed_us);
        add_line(body, "Lasted:", lasted);
    }
    add_line(body, "Machine:", message->host);
    add_detail(body, event);
    return g_string_free(body, FALSE);
}

/* A point alone ends a mail on its way, "From " begins one in a mailbox. */
static bool is_risky_beginning(const char *text)
{
    return text[0] == '.' || g_str_has_prefix(text, "From ");
}

static bool is_readable(const char *text)
{
    bool last = text[1] == '\0';

    if (text[0] == ' ' || text[0] == '\t')
        return !last;
    return g_ascii_isgraph(text[0]) && text[0] != '=';
}

/* The bytes of one line of text, in lines of at most LINE_BYTES. */
static void add_quoted(GString *mail, const char *line)
{
    gsize column = 0;

    for (; *line != '\0'; line++) {
        if (column + 3 > LINE_BYTES) {
            g_string_append(mail, "=\r\n");
            column = 0;
        }
        bool plain = is_readable(line) && !(column == 0 && is_risky_beginning(line));
        if (plain)
            g_string_append_c(mail, *line);
        else
            g_string_append_printf(mail, "=%02X", (guchar) *line);
        column += plain ? 1 : 3;
    }
    g_string_append(mail, "\r\n");
}

char *notify_mail(const struct notify_message *message, const struct notify_envelope *envelope)
{
    g_autofree char *body = body_of(message);
    g_autofree char *valid = g_utf8_make_valid(body, -1);
    GString *mail = g_string_new(NULL);

    valid[whole_characters(valid, BODY_BYTES)] = '\0';
    add_header(mail, message, envelope);
    g_auto(GStrv) lines = g_strsplit(g_strdelimit(valid, "\r", '\n'), "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++)
        add_quoted(mail, lines[i]);
    return g_string_free(mail, FALSE);
}

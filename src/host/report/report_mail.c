/* A mail with the report in it: text for everybody, the page attached. */
#include "chart/chart.h"
#include "report/report_show.h"

#include <string.h>

enum { LINE = 76 };

static void add_date(GString *mail, gint64 now_s)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(now_s);

    g_string_append_printf(
        mail, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
        days[g_date_time_get_day_of_week(now) - 1], g_date_time_get_day_of_month(now),
        months[g_date_time_get_month(now) - 1], g_date_time_get_year(now),
        g_date_time_get_hour(now), g_date_time_get_minute(now), g_date_time_get_second(now));
}

/* Encoded words (RFC 2047) of at most 42 bytes: no text can add a line to the header. */
static void add_subject(GString *mail, const char *subject)
{
    g_autofree char *valid = g_utf8_make_valid(subject, -1);
    const char *rest = valid;

    g_string_append(mail, "Subject:");
    for (gsize all = MIN(strlen(valid), 240); all > 0;) {
        gsize length = MIN(all, 42);
        while (length < all && length > 0 && ((guchar) rest[length] & 0xc0) == 0x80)
            length--;
        g_autofree char *word = g_base64_encode((const guchar *) rest, length);
        g_string_append_printf(mail, "%s =?UTF-8?B?%s?=", rest == valid ? "" : "\r\n", word);
        rest += length;
        all -= length;
    }
    g_string_append(mail, "\r\n");
}

static const char *domain_of(const char *address)
{
    const char *at = strrchr(address, '@');

    return at != NULL ? at + 1 : "localhost";
}

static void add_header(GString *mail, const struct report_letter *letter, const char *boundary)
{
    add_date(mail, letter->now_s);
    g_string_append_printf(mail, "From: pgrunbook <%s>\r\n", letter->from);
    for (guint i = 0; letter->to[i] != NULL; i++)
        g_string_append_printf(mail, "%s%s", i == 0 ? "To: " : ",\r\n ", letter->to[i]);
    g_string_append(mail, "\r\n");
    add_subject(mail, letter->subject);
    g_string_append_printf(mail,
                           "Message-ID: <pgrunbook.report.%" G_GINT64_FORMAT ".%08x@%s>\r\n",
                           letter->now_s, letter->unique, domain_of(letter->from));
    g_string_append_printf(mail,
                           "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n",
                           boundary);
}

/* base64 has no line that a mailbox or a mail server could take for something else. */
static void add_part(GString *mail, const char *boundary, const char *header, const char *body)
{
    g_autofree char *code = g_base64_encode((const guchar *) body, strlen(body));

    g_string_append_printf(mail, "--%s\r\n%s\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                           boundary, header);
    for (gsize at = 0, length = strlen(code); at < length; at += LINE)
        g_string_append_printf(mail, "%.*s\r\n", (int) LINE, code + at);
}

/* A name for a header: what is not a letter, a digit, a point or a dash is a dash. */
static char *file_name(const char *file)
{
    char *name = g_strdup(file);

    for (char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("._-", *c) == NULL)
            *c = '-';
    return name;
}

char *report_mail(const struct report_letter *letter)
{
    GString *mail = g_string_new(NULL);
    /* "_" is not in base64, so the boundary is in no part. */
    g_autofree char *boundary = g_strdup_printf("=_pgrunbook_%08x", letter->unique);
    g_autofree char *name = file_name(letter->file);
    g_autofree char *attached =
        g_strdup_printf("Content-Type: text/html; charset=utf-8; name=\"%s\"\r\n"
                        "Content-Disposition: attachment; filename=\"%s\"",
                        name, name);

    add_header(mail, letter, boundary);
    add_part(mail, boundary, "Content-Type: text/plain; charset=utf-8", letter->text);
    add_part(mail, boundary, attached, letter->html);
    g_string_append_printf(mail, "--%s--\r\n", boundary);
    return g_string_free(mail, FALSE);
}

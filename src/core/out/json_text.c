#include "out/json_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEEPEST = 8 };

struct json_text {
    GString *out;
    bool has_member; /* a comma comes before the next */
    guint depth;
    char closing[DEEPEST];
};

struct json_text *json_text_new(void)
{
    struct json_text *json = g_new0(struct json_text, 1);

    json->out = g_string_sized_new(1024);
    return json;
}

void json_text_free(struct json_text *json)
{
    if (json == NULL)
        return;
    g_string_free(json->out, TRUE);
    g_free(json);
}

const char *json_text_peek(const struct json_text *json)
{
    g_assert(json->depth == 0);
    return json->out->str;
}

void json_text_clear(struct json_text *json)
{
    g_string_truncate(json->out, 0);
    json->has_member = false;
    json->depth = 0;
}

/* g_string_append_len() for the usual case, that there is room. */
static void append(GString *out, const char *bytes, gsize length)
{
    if (out->len + length >= out->allocated_len) {
        g_string_append_len(out, bytes, (gssize) length);
        return;
    }
    memcpy(out->str + out->len, bytes, length);
    out->len += length;
    out->str[out->len] = '\0';
}

/* ---- structure ------------------------------------------------------------------------------ */

static void begin(struct json_text *json, const char *name)
{
    if (json->has_member)
        append(json->out, ", ", 2);
    json->has_member = true;
    if (name == NULL)
        return;
    g_string_append_c(json->out, '"');
    append(json->out, name, strlen(name));
    append(json->out, "\": ", 3);
}

static void open_with(struct json_text *json, const char *name, const char *brackets)
{
    g_assert(json->depth < DEEPEST);
    begin(json, name);
    g_string_append_c(json->out, brackets[0]);
    json->closing[json->depth++] = brackets[1];
    json->has_member = false;
}

void json_text_object(struct json_text *json, const char *name)
{
    open_with(json, name, "{}");
}

void json_text_list(struct json_text *json, const char *name)
{
    open_with(json, name, "[]");
}

void json_text_close(struct json_text *json)
{
    g_assert(json->depth > 0);
    g_string_append_c(json->out, json->closing[--json->depth]);
    json->has_member = true;
}

/* ---- strings -------------------------------------------------------------------------------- */

/* How many of its first bytes stand for themselves, whatever comes behind them. */
static gsize plain_bytes(const char *text)
{
    gsize length = 0;

    while (text[length] >= ' ' && text[length] < 127 && text[length] != '"' &&
           text[length] != '\\')
        length++;
    return length;
}

static void append_escaped(GString *out, const char *text)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";

    for (; *text != '\0'; text++) {
        const char *found = strchr(bytes, *text);
        if (*text == '"' || *text == '\\')
            g_string_append_printf(out, "\\%c", *text);
        else if (found != NULL)
            g_string_append_printf(out, "\\%c", letters[found - bytes]);
        else if ((guchar) *text < ' ')
            g_string_append_printf(out, "\\u%04X", (guint) *text);
        else
            g_string_append_c(out, *text);
    }
}

void json_text_string(struct json_text *json, const char *name, const char *text)
{
    if (text == NULL) {
        json_text_null(json, name);
        return;
    }
    begin(json, name);
    g_string_append_c(json->out, '"');
    gsize plain = plain_bytes(text);
    append(json->out, text, plain);
    if (text[plain] != '\0') {
        g_autofree char *valid = g_utf8_make_valid(text + plain, -1);
        append_escaped(json->out, valid);
    }
    g_string_append_c(json->out, '"');
}

/* ---- numbers -------------------------------------------------------------------------------- */

void json_text_bool(struct json_text *json, const char *name, bool truth)
{
    begin(json, name);
    append(json->out, truth ? "true" : "false", truth ? 4 : 5);
}

void json_text_null(struct json_text *json, const char *name)
{
    begin(json, name);
    append(json->out, "null", 4);
}

static void append_int(GString *out, gint64 number)
{
    char digits[24];
    char *at = digits + sizeof digits;
    guint64 rest = number < 0 ? 0 - (guint64) number : (guint64) number;

    do
        *--at = (char) ('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        *--at = '-';
    append(out, at, (gsize) (digits + sizeof digits - at));
}

void json_text_int(struct json_text *json, const char *name, gint64 number)
{
    begin(json, name);
    append_int(json->out, number);
}

/* With an exponent, which jansson writes in its own way. */
static void append_by_jansson(GString *out, double number)
{
    json_t *value = json_real(number);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    g_string_append(out, text == NULL ? "null" : text);
    free(text);
    json_decref(value);
}

void json_text_real(struct json_text *json, const char *name, double number)
{
    static const double LEAST_PLAIN = 1e-4, MOST_PLAIN = 1e14; /* %g has no exponent between */
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    const double size = fabs(number);

    if (isnan(number) || isinf(number)) {
        json_text_null(json, name);
        return;
    }
    begin(json, name);
    if (size >= MOST_PLAIN || size < LEAST_PLAIN) {
        if (size > 0 || signbit(number))
            append_by_jansson(json->out, number);
        else
            append(json->out, "0.0", 3);
        return;
    }
    g_ascii_formatd(text, sizeof text, "%.15g", number);
    g_string_append(json->out, text);
    if (strchr(text, '.') == NULL)
        append(json->out, ".0", 2);
}

/* ---- time ----------------------------------------------------------------------------------- */

static char *put_digits(char *to, int number, int width)
{
    for (int i = width; i-- > 0; number /= 10)
        to[i] = (char) ('0' + number % 10);
    return to + width;
}

bool json_text_format_time(gint64 wall_us, char *ret_text)
{
    enum { YEAR_BASE = 1900, LAST_YEAR = 9999 };
    const time_t seconds = (time_t) (wall_us / G_USEC_PER_SEC);
    struct tm tm;

    if (wall_us == 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > LAST_YEAR - YEAR_BASE)
        return false;
    const struct {
        int number, width;
        char behind;
    } parts[] = {
        {tm.tm_year + YEAR_BASE, 4, '-'},
        {tm.tm_mon + 1, 2, '-'},
        {tm.tm_mday, 2, 'T'},
        {tm.tm_hour, 2, ':'},
        {tm.tm_min, 2, ':'},
        {tm.tm_sec, 2, '.'},
        {(int) (wall_us % G_USEC_PER_SEC / 1000), 3, 'Z'},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        ret_text = put_digits(ret_text, parts[i].number, parts[i].width);
        *ret_text++ = parts[i].behind;
    }
    *ret_text = '\0';
    return true;
}

void json_text_time(struct json_text *json, const char *name, gint64 wall_us)
{
    char text[JSON_TEXT_TIME_SIZE];

    if (json_text_format_time(wall_us, text))
        json_text_string(json, name, text);
    else
        json_text_null(json, name);
}

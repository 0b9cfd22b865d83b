#include "units/units.h"

#include "error.h"

#include <math.h>
#include <string.h>

struct unit {
    const char *name;
    guint64 factor;
};

/* Largest first: the parts of a compound follow that order. */
static const struct unit sizes[] = {
    {"PB", G_GUINT64_CONSTANT(1) << 50},
    {"TB", G_GUINT64_CONSTANT(1) << 40},
    {"GB", G_GUINT64_CONSTANT(1) << 30},
    {"MB", G_GUINT64_CONSTANT(1) << 20},
    {"kB", G_GUINT64_CONSTANT(1) << 10},
    {"B", 1},
    {NULL, 0},
};

/* In microseconds, the shortest unit. */
static const struct unit durations[] = {
    {"w", G_GUINT64_CONSTANT(604800000000)}, {"d", G_GUINT64_CONSTANT(86400000000)},
    {"h", G_GUINT64_CONSTANT(3600000000)},   {"min", G_GUINT64_CONSTANT(60000000)},
    {"s", G_GUINT64_CONSTANT(1000000)},      {"ms", G_GUINT64_CONSTANT(1000)},
    {"us", G_GUINT64_CONSTANT(1)},           {NULL, 0},
};

#define BILLION G_GUINT64_CONSTANT(1000000000)

static const char size_hint[] = "a size is a number and B, kB, MB, GB, TB or PB, as in 512MB; "
                                "a bare number is bytes";
static const char duration_hint[] = "a duration is a number and us, ms, s, min, h, d or w, as "
                                    "in 90min or 1h30min; a bare number is seconds";
static const char fraction_hint[] =
    "a fraction is a number from 0 to 1, or a percentage, as in "
    "0.02 or 2%";

enum reading { READ_FINE, READ_MALFORMED, READ_TOO_LARGE };

struct number {
    guint64 whole;
    guint64 billionths;
};

static const char *skip_blanks(const char *at)
{
    while (g_ascii_isspace(*at))
        at++;
    return at;
}

/* Digits only, not strtod(): that also takes exponents, hexadecimal, "nan" and "infinity". */
static enum reading take_number(const char **cursor, struct number *ret)
{
    const char *at = *cursor;
    struct number number = {0};
    guint64 place = BILLION;
    bool fits = true;

    for (; g_ascii_isdigit(*at); at++) {
        guint64 tenfold = 0;
        fits = fits && g_uint64_checked_mul(&tenfold, number.whole, 10) &&
               g_uint64_checked_add(&number.whole, tenfold, (guint64) (*at - '0'));
    }
    bool whole = at != *cursor;
    if (*at == '.') {
        const char *point = at++;
        for (; g_ascii_isdigit(*at) && place > 1; at++) {
            place /= 10;
            number.billionths += place * (guint64) (*at - '0');
        }
        if (at == point + 1 || g_ascii_isdigit(*at))
            return READ_MALFORMED;
    } else if (!whole) {
        return READ_MALFORMED;
    }
    *cursor = at;
    *ret = number;
    return fits ? READ_FINE : READ_TOO_LARGE;
}

static const struct unit *take_unit(const char **cursor, const struct unit *units)
{
    gsize length = 0;

    while (g_ascii_isalpha((*cursor)[length]))
        length++;
    for (; units->name != NULL; units++) {
        if (strlen(units->name) == length &&
            g_ascii_strncasecmp(*cursor, units->name, length) == 0) {
            *cursor += length;
            return units;
        }
    }
    return NULL;
}

/* number × factor. billionths × factor exceeds 64 bits, so the factor (at most 2^50) is split
 * into halves of 25 bits and divided by long division. */
static bool multiply(const struct number *number, guint64 factor, guint64 *ret)
{
    enum { HALF = 25 };
    guint64 high = number->billionths * (factor >> HALF);
    guint64 low = number->billionths * (factor & ((G_GUINT64_CONSTANT(1) << HALF) - 1));
    guint64 rest = ((high % BILLION) << HALF) + low;
    guint64 part = ((high / BILLION) << HALF) + (rest + BILLION / 2) / BILLION;
    guint64 whole = 0;

    return g_uint64_checked_mul(&whole, number->whole, factor) &&
           g_uint64_checked_add(ret, whole, part);
}

/* The amount in the units' smallest; `bare` is the factor of a number without unit. */
static enum reading read_amount(const char *text, const struct unit *units, guint64 bare,
                                bool compound, gint64 *ret)
{
    const char *at = skip_blanks(text);
    guint64 total = 0;

    for (bool first = true; first || (compound && *at != '\0'); first = false) {
        struct number number;
        enum reading reading = take_number(&at, &number);
        if (reading != READ_FINE)
            return reading;
        at = skip_blanks(at);
        guint64 factor = bare;
        if (!first || *at != '\0') {
            const struct unit *unit = take_unit(&at, units);
            if (unit == NULL)
                return READ_MALFORMED;
            factor = unit->factor;
            units = unit + 1;
        }
        guint64 amount = 0;
        if (!multiply(&number, factor, &amount) ||
            !g_uint64_checked_add(&total, total, amount) || total > (guint64) G_MAXINT64)
            return READ_TOO_LARGE;
        at = skip_blanks(at);
    }
    if (*at != '\0')
        return READ_MALFORMED;
    *ret = (gint64) total;
    return READ_FINE;
}

static bool report(enum reading reading, const char *text, const char *kind, const char *hint,
                   GError **error)
{
    if (reading == READ_FINE)
        return true;
    if (reading == READ_TOO_LARGE)
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s \"%s\" is too large", kind, text);
    else if (*skip_blanks(text) == '-')
        runbook_error_set(error, RUNBOOK_USAGE, hint, "%s \"%s\" is negative", kind, text);
    else
        runbook_error_set(error, RUNBOOK_USAGE, hint, "\"%s\" is not a %s", text, kind);
    return false;
}

bool units_parse_size(const char *text, gint64 *ret_bytes, GError **error)
{
    return report(read_amount(text, sizes, 1, false, ret_bytes), text, "size", size_hint,
                  error);
}

bool units_parse_duration(const char *text, gint64 *ret_ms, GError **error)
{
    gint64 us = 0;
    enum reading reading = read_amount(text, durations, 1000000, true, &us);

    if (!report(reading, text, "duration", duration_hint, error))
        return false;
    *ret_ms = us / 1000 + (us % 1000 >= 500 ? 1 : 0);
    return true;
}

bool units_parse_fraction(const char *text, double *ret_fraction, GError **error)
{
    const char *at = skip_blanks(text);
    struct number number = {0};
    enum reading reading = take_number(&at, &number);
    guint64 one = 1;

    if (reading == READ_FINE) {
        at = skip_blanks(at);
        if (*at == '%') {
            one = 100;
            at = skip_blanks(at + 1);
        }
        if (*at != '\0')
            reading = READ_MALFORMED;
        else if (number.whole > one || (number.whole == one && number.billionths > 0))
            reading = READ_TOO_LARGE;
    }
    if (!report(reading, text, "fraction", fraction_hint, error))
        return false;
    *ret_fraction =
        (double) (number.whole * BILLION + number.billionths) / (double) (one * BILLION);
    return true;
}

/* A printed number must not round up to 1024 of its unit: that is 1 of the next. */
static const struct unit *size_unit(guint64 bytes)
{
    const struct unit *unit = sizes;

    while (unit->factor > 1 && bytes < unit->factor - unit->factor / 2048)
        unit++;
    return unit;
}

char *units_format_size(gint64 bytes)
{
    guint64 magnitude = bytes < 0 ? 0 - (guint64) bytes : (guint64) bytes;
    const char *sign = bytes < 0 ? "-" : "";

    if (magnitude < 10240)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT " B", sign, magnitude);
    const struct unit *unit = size_unit(magnitude);
    guint64 half = unit->factor / 2;
    guint64 tenths =
        magnitude / unit->factor * 10 + (magnitude % unit->factor * 10 + half) / unit->factor;
    if (tenths < 1000 && tenths % 10 != 0)
        return g_strdup_printf("%s%" G_GUINT64_FORMAT ".%u %s", sign, tenths / 10,
                               (unsigned) (tenths % 10), unit->name);
    guint64 whole = magnitude / unit->factor + (magnitude % unit->factor + half) / unit->factor;
    return g_strdup_printf("%s%" G_GUINT64_FORMAT " %s", sign, whole, unit->name);
}

static char *format_pair(gint64 amount, gint64 per_large, const char *large, const char *small)
{
    if (amount % per_large == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT " %s", amount / per_large, large);
    return g_strdup_printf("%" G_GINT64_FORMAT " %s %" G_GINT64_FORMAT " %s",
                           amount / per_large, large, amount % per_large, small);
}

char *units_format_duration(double seconds)
{
    /* The comparison also catches what is not a number; the cap is the parser's. */
    double sane = seconds > 0 ? MIN(seconds, 9.2e12) : 0;
    gint64 tenths = (gint64) llround(sane * 10);
    gint64 whole = (gint64) llround(sane);

    if (tenths < 100 && tenths % 10 != 0)
        return g_strdup_printf("%d.%d s", (int) (tenths / 10), (int) (tenths % 10));
    if (whole < 60)
        return g_strdup_printf("%d s", (int) whole);
    if (whole < 60 * 60)
        return format_pair(whole, 60, "min", "s");
    gint64 minutes = (whole + 30) / 60;
    if (minutes < 24 * 60)
        return format_pair(minutes, 60, "h", "min");
    return format_pair((minutes + 30) / 60, 24, "d", "h");
}

char *units_format_count(gint64 count)
{
    char digits[32];
    int length = g_snprintf(digits, sizeof digits, "%" G_GINT64_FORMAT, count);
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < length; i++) {
        g_string_append_c(text, digits[i]);
        if (digits[i] != '-' && i + 1 < length && (length - i - 1) % 3 == 0)
            g_string_append_c(text, ',');
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *units_format_counted(gint64 count, const char *noun)
{
    g_autofree char *shown = units_format_count(count);

    return g_strdup_printf("%s %s%s", shown, noun, count == 1 ? "" : "s");
}

enum { NEAREST_LONGEST = 64 };

/* Optimal string alignment: insertions, deletions, replacements, swaps of neighbours. */
static guint edit_distance(const char *left, gsize left_length, const char *right,
                           gsize right_length)
{
    guint rows[3][NEAREST_LONGEST + 1];
    guint *before = rows[0], *above = rows[1], *row = rows[2];

    for (gsize column = 0; column <= right_length; column++)
        above[column] = (guint) column;
    for (gsize i = 1; i <= left_length; i++) {
        row[0] = (guint) i;
        for (gsize j = 1; j <= right_length; j++) {
            char a = g_ascii_tolower(left[i - 1]), b = g_ascii_tolower(right[j - 1]);
            row[j] = MIN(above[j - 1] + (a == b ? 0 : 1), MIN(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a == g_ascii_tolower(right[j - 2]) &&
                b == g_ascii_tolower(left[i - 2]))
                row[j] = MIN(row[j], before[j - 2] + 1);
        }
        guint *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[right_length];
}

const char *units_nearest(const char *word, const char *const *candidates)
{
    gsize length = strlen(word);
    const char *nearest = NULL;

    if (length == 0 || length > NEAREST_LONGEST)
        return NULL;
    guint least = (guint) CLAMP(length / 3, 1, 3) + 1;
    for (; *candidates != NULL; candidates++) {
        gsize other = strlen(*candidates);
        if (other > NEAREST_LONGEST)
            continue;
        guint distance = edit_distance(word, length, *candidates, other);
        if (distance < least) {
            least = distance;
            nearest = *candidates;
        }
    }
    return nearest;
}

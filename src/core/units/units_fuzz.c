/* Sizes, durations, fractions: what parses is in range, and survives being printed. */
#include "units/units.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_size(const char *text)
{
    gint64 bytes = -1, again = -1;

    if (!units_parse_size(text, &bytes, NULL))
        return;
    g_assert(bytes >= 0);
    g_autofree char *exact = g_strdup_printf("%" G_GINT64_FORMAT " B", bytes);
    g_assert(units_parse_size(exact, &again, NULL) && again == bytes);
    g_autofree char *shown = units_format_size(bytes);
    /* "8192 PB" is how the very largest are shown, and is out of range. */
    if (bytes > G_MAXINT64 - (G_GINT64_CONSTANT(1) << 49))
        return;
    g_assert(units_parse_size(shown, &again, NULL));
    g_autofree char *shown_again = units_format_size(again);
    g_assert(strcmp(shown, shown_again) == 0);
}

static void check_duration(const char *text)
{
    gint64 ms = -1, again = -1;

    if (!units_parse_duration(text, &ms, NULL))
        return;
    g_assert(ms >= 0);
    if (ms < G_MAXINT64 / 1000) {
        g_autofree char *exact = g_strdup_printf("%" G_GINT64_FORMAT "ms", ms);
        g_assert(units_parse_duration(exact, &again, NULL) && again == ms);
    }
    g_autofree char *shown = units_format_duration((double) ms / 1000);
    g_assert(units_parse_duration(shown, &again, NULL));
    g_autofree char *shown_again = units_format_duration((double) again / 1000);
    g_assert(strcmp(shown, shown_again) == 0);
    /* Two parts never hide more than half of the smaller. */
    g_assert(ABS(again - ms) <= 50 + ms / 20 || ms > G_MAXINT64 / 1001);
}

static void check_fraction(const char *text)
{
    double fraction = -1;
    g_autoptr(GError) error = NULL;

    if (units_parse_fraction(text, &fraction, &error))
        g_assert(fraction >= 0 && fraction <= 1);
    else
        g_assert(error != NULL && strstr(error->message, "hint: ") != NULL);
}

static void check_nearest(const char *text)
{
    static const char *const names[] = {"timezone", "vacuum.jobs", "state", NULL};
    const char *nearest = units_nearest(text, names);
    const char *const only[] = {text, NULL};

    g_assert(nearest == NULL || g_strv_contains(names, nearest));
    if (*text != '\0' && strlen(text) <= 64)
        g_assert(units_nearest(text, only) == text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);

    check_size(text);
    check_duration(text);
    check_fraction(text);
    check_nearest(text);
    return 0;
}

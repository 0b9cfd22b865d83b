#include "report/report.h"

#include <stdarg.h>

static void clear_incident(gpointer data)
{
    g_array_unref(((struct report_incident *) data)->acts);
}

static void clear_connections(gpointer data)
{
    g_array_unref(((struct report_connections *) data)->days);
}

static void clear_indexes(gpointer data)
{
    g_array_unref(((struct report_indexes *) data)->findings);
}

static void clear_growth(gpointer data)
{
    struct report_growth *growth = data;

    g_array_unref(growth->points);
    g_array_unref(growth->relations);
}

static GArray *array_new(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);

    if (clear != NULL)
        g_array_set_clear_func(array, clear);
    return array;
}

struct report *report_new(const char *zone_name, GTimeZone *zone)
{
    struct report *report = g_new0(struct report, 1);

    report->texts = g_string_chunk_new(4096);
    report->zone = g_time_zone_ref(zone);
    report->zone_name = report_text(report, zone_name);
    report->month.days = array_new(sizeof(gint64), NULL);
    report->runs = array_new(sizeof(struct report_run), NULL);
    report->safeguards = array_new(sizeof(struct report_run), NULL);
    report->tallies = array_new(sizeof(struct report_tally), NULL);
    report->vacuums = array_new(sizeof(struct report_vacuum), NULL);
    report->left = array_new(sizeof(struct report_left), NULL);
    report->wins = array_new(sizeof(struct report_win), NULL);
    report->returned = array_new(sizeof(struct report_win), NULL);
    report->incidents = array_new(sizeof(struct report_incident), clear_incident);
    report->connections = array_new(sizeof(struct report_connections), clear_connections);
    report->backups = array_new(sizeof(struct report_backups), NULL);
    report->drills = array_new(sizeof(struct report_drill), NULL);
    report->migrations = array_new(sizeof(struct report_migration), NULL);
    report->indexes = array_new(sizeof(struct report_indexes), clear_indexes);
    report->growths = array_new(sizeof(struct report_growth), clear_growth);
    report->turns = array_new(sizeof(struct report_turn), NULL);
    report->lines = array_new(sizeof(struct report_line), NULL);
    report->gaps = array_new(sizeof(const char *), NULL);
    report->reliefs = array_new(sizeof(struct report_relief), NULL);
    report->clusters = g_hash_table_new(g_str_hash, g_str_equal);
    report->names = g_ptr_array_new();
    return report;
}

void report_free(struct report *report)
{
    GArray *const arrays[] = {
        report->month.days, report->runs,    report->tallies,    report->vacuums,
        report->left,       report->wins,    report->incidents,  report->connections,
        report->backups,    report->drills,  report->migrations, report->indexes,
        report->growths,    report->turns,   report->lines,      report->gaps,
        report->returned,   report->reliefs, report->safeguards,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_array_unref(arrays[i]);
    g_ptr_array_unref(report->names);
    g_hash_table_unref(report->clusters);
    g_time_zone_unref(report->zone);
    g_string_chunk_free(report->texts);
    g_free(report);
}

const char *report_text(struct report *report, const char *text)
{
    return text != NULL ? g_string_chunk_insert_const(report->texts, text) : NULL;
}

const char *report_textf(struct report *report, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return report_text(report, text);
}

void report_gap(struct report *report, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const char *gap = report_text(report, text);
    g_array_append_val(report->gaps, gap);
}

bool report_is_whole(const struct report *report)
{
    return report->made_us >= report->month.until_us;
}

bool report_is_recorded(const struct report *report)
{
    return report->known_us > 0 && report->known_us < report->month.until_us;
}

gint64 report_end_us(const struct report *report)
{
    return MIN(report->month.until_us, report->made_us);
}

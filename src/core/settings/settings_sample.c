/*
 * The sample file, written from the tables: prose and range of a setting as comments, its default
 * as a line to uncomment.
 */
#include "settings/settings_internal.h"

#include <string.h>

enum { WIDTH = 78 };

static const char preamble[] =
    "Configuration of pgrunbook, read from /etc/pgrunbook/pgrunbook.conf and then from "
    "~/.config/pgrunbook/pgrunbook.conf; \"pgrunbook config show\" tells what is in force and "
    "where it comes from.\n"
    "Everything below is the default and commented out. Sizes take the units B, kB, MB, GB, TB "
    "and PB, durations us, ms, s, min, h, d and w. A comment needs a line of its own.";

/* Appends text as comment lines, wrapped at blanks. */
static void append_prose(GString *sample, const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " ", -1);
    gsize column = 0;

    for (char **word = words; *word != NULL; word++) {
        gsize length = (gsize) g_utf8_strlen(*word, -1);
        if (column > 0 && column + 1 + length > WIDTH) {
            g_string_append_c(sample, '\n');
            column = 0;
        }
        g_string_append_printf(sample, column == 0 ? "# %s" : " %s", *word);
        column += length + (column == 0 ? 2 : 1);
    }
    g_string_append_c(sample, '\n');
}

static void append_paragraphs(GString *sample, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n", -1);

    for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++)
        append_prose(sample, *paragraph);
}

static char *range_of(const struct setting *row)
{
    if (row->type == SETTING_CHOICE) {
        g_autofree char *all = settings_choices(row);
        return g_strdup_printf("One of: %s.", all);
    }
    if (row->minimum != NULL && row->maximum != NULL)
        return g_strdup_printf("From %s to %s.", row->minimum, row->maximum);
    if (row->minimum != NULL)
        return g_strdup_printf("At least %s.", row->minimum);
    if (row->maximum != NULL)
        return g_strdup_printf("At most %s.", row->maximum);
    return NULL;
}

/* A value as a file must spell it to mean just this text. */
static char *spell(const char *text)
{
    gsize length = strlen(text);
    bool plain = length == 0 || (*text != '\'' && !g_ascii_isspace(*text) &&
                                 !g_ascii_isspace(text[length - 1]));

    if (plain)
        return g_strdup(text);
    g_autoptr(GString) quoted = g_string_new(text);
    g_string_replace(quoted, "'", "''", 0);
    return g_strdup_printf("'%s'", quoted->str);
}

static void append_setting(GString *sample, const char *prefix, const struct setting *row)
{
    g_autofree char *range = range_of(row);
    g_autofree char *prose =
        range == NULL ? g_strdup(row->prose) : g_strconcat(row->prose, " ", range, NULL);
    g_autofree char *fallback = row->fallback == NULL ? NULL : spell(row->fallback);

    g_string_append_c(sample, '\n');
    append_paragraphs(sample, prose);
    g_string_append_printf(sample, "#%s%s%s =%s%s\n", prefix == NULL ? "" : prefix,
                           prefix == NULL ? "" : ".", row->name, fallback == NULL ? "" : " ",
                           fallback == NULL ? "" : fallback);
}

static void append_settings(GString *sample, const struct setting_table *tables, bool of_target)
{
    for (; tables->rows != NULL; tables++) {
        for (const struct setting *row = tables->rows; row->name != NULL; row++) {
            if (((row->flags & SETTING_TARGET_ONLY) != 0) == of_target)
                append_setting(sample, tables->prefix, row);
        }
    }
}

/* As with the other sections, what can be set is commented out, heading included. */
static void append_kinds(GString *sample, const struct setting_table *tables)
{
    for (; tables->rows != NULL; tables++) {
        const struct setting_kind *kind = tables->kinds;
        for (; kind != NULL && kind->kind != NULL; kind++) {
            g_string_append_c(sample, '\n');
            append_paragraphs(sample, kind->prose);
            g_string_append_printf(sample, "#[%s %s]\n", kind->kind, kind->example);
            for (const struct setting *row = kind->rows; row->name != NULL; row++)
                append_setting(sample, NULL, row);
            append_setting(sample, NULL, settings_row_targets);
        }
    }
}

char *settings_sample(const struct setting_table *tables)
{
    g_autoptr(GString) sample = g_string_new(NULL);

    append_paragraphs(sample, preamble);
    g_string_append(sample, "\n[pgrunbook]\n");
    append_settings(sample, tables, false);
    g_string_append_c(sample, '\n');
    append_paragraphs(sample, "One section for each server and database, for --target NAME. "
                              "All settings above but \"state\" may be set here as well, for "
                              "this target alone.");
    g_string_append(sample, "#[target example]\n");
    append_settings(sample, tables, true);
    append_kinds(sample, tables);
    return g_string_free(g_steal_pointer(&sample), FALSE);
}

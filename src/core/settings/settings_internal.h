/*
 * What the files of core/settings share. A catalog is the tables made searchable; a source is
 * what files said of targets. Both are made once, by reference, for all settings objects that
 * come from one load.
 */
#ifndef CORE_SETTINGS_INTERNAL_H
#define CORE_SETTINGS_INTERNAL_H

#include "settings/settings.h"

struct entry {
    char *name; /* full name */
    const struct setting *row;
};

struct catalog {
    GArray *entries;   /* of struct entry, in table order */
    GHashTable *index; /* full name → position + 1 */
    GPtrArray *names;  /* full names, NULL-terminated; borrowed from entries */
};

/* Where a value may come from; a lower rank never replaces a higher one. */
enum rank { RANK_DEFAULT, RANK_GLOBAL, RANK_TARGET, RANK_COMMAND };

struct value {
    char *text;   /* NULL: unset */
    char *origin; /* NULL: default */
    enum rank rank;
    gint64 number; /* BOOL, INT, SIZE, DURATION */
    double fraction;
    char **list; /* NULL but for LIST */
};

/* One line of a [target NAME] section, already checked. */
struct assignment {
    guint position;
    char *text, *origin;
};

struct target {
    char *name;
    GArray *assignments; /* of struct assignment, in file order */
};

/* A kind of named section with the sections of it. */
struct kind {
    const struct setting_kind *row;
    struct source *source; /* its rows, made searchable */
    GPtrArray *sections;   /* of struct named, in file order */
};

struct named {
    struct settings_section view;
    char *name, *origin;
    struct settings *settings;
};

/* Shared by all settings of one load, or of one kind of section; reference-counted by g_rc_box. */
struct source {
    struct catalog catalog;
    GPtrArray *kinds;        /* of struct kind; empty in a kind's own source */
    GPtrArray *targets;      /* of struct target */
    GPtrArray *target_names; /* NULL-terminated; borrowed from targets */
};

struct settings {
    struct source *source;
    struct value *values; /* one per catalog entry */
};

/* The entry's position; -1 and an error that names the nearest when there is none. */
int settings_position(const struct catalog *catalog, const char *name, GError **error);
const struct entry *settings_entry(const struct catalog *catalog, guint position);

/* The settings as the tables' defaults have them. */
struct settings *settings_new(const struct setting_table *tables);

/* The tables, made searchable, without kinds and targets; reference-counted. */
struct source *settings_source(const struct setting_table *tables);

/* The defaults of a source, to which a reference is taken. */
struct settings *settings_of_source(struct source *source);

/* Gives a reference back. */
void settings_source_release(struct source *source);

/* ---- named sections ---- */

/* The row that every kind has. */
extern const struct setting settings_row_targets[];

/* The kinds of the tables, without sections yet; freed by settings_kind_free(). */
GPtrArray *settings_kinds(const struct setting_table *tables);

/* The kind of that name; NULL when there is none. */
struct kind *settings_kind(const struct source *source, const char *name);

/* The section of that name, created when it is new; its settings to read into. */
struct settings *settings_section(struct kind *kind, const char *name, const char *origin);

/* Whether a section is for the target; NULL: whether it is for all. */
bool settings_section_concerns(const struct settings *section, const char *target);

/* Fails when a section names a target that there is none of. For when all files are read. */
bool settings_sections_check(const struct settings *settings, GError **error);

/* ---- values ---- */

/* Where the value of that name comes from. */
const char *settings_origin(const struct settings *settings, const char *name);

/* Sets a value, unless one of higher rank is there. Checks it in any case. The error begins with
 * the setting's name. */
bool settings_set(struct settings *settings, guint position, const char *text,
                  const char *origin, enum rank rank, GError **error);

/* The target of that name, created when it is new. */
struct target *settings_target(struct source *source, const char *name);

/* Parses and checks a text as the row wants it, into a value without origin and rank; on failure
 * the value is empty. */
bool settings_value_parse(const struct setting *row, const char *text, struct value *ret,
                          GError **error);
void settings_value_clear(struct value *value);

/* "auto, on, off": the choices of a row of that type. Caller frees. */
char *settings_choices(const struct setting *row);

/* Reads one file's text into the settings and their source. `name` is for messages. */
bool settings_read(struct settings *settings, const char *name, const char *text, gsize length,
                   GError **error);

#endif

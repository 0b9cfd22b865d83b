/* What was captured as files of a folder of migrations, in the way of the folder's tool. Pure. */
#ifndef MIGRATIONS_CAPTURE_WRITE_H
#define MIGRATIONS_CAPTURE_WRITE_H

#include "folder/folder.h"

#include <glib.h>
#include <stdbool.h>

/* One migration: statements that go together, or one that the server takes outside of a transaction
 * only. */
struct capture_part {
    GPtrArray *up, *down; /* of char *, without semicolons */
    GPtrArray *notes;     /* of char *: what down does not bring back */
    bool alone;
};
void capture_part_free(gpointer data);

struct capture_file {
    char *name, *text;
};
void capture_file_free(gpointer data);

struct capture_heading {
    const char *name;    /* of the migrations: "capture" */
    const char *program; /* that did it */
};

/* Of struct capture_part, their downs still empty: there are several where a statement has to stand
 * alone. */
GPtrArray *capture_parts(const GPtrArray *statements);

/* The version behind `last` (NULL: there is none) in its own manner: a number of as many digits, or
 * the time. number: 0 for the first one behind it. Caller frees. */
char *capture_version(const char *last, guint number, gint64 now_us);

/* Of struct capture_file. last: the newest version in the folder; NULL: it is empty. */
GPtrArray *capture_files(const GPtrArray *parts, enum folder_format format, const char *last,
                         gint64 now_us, const struct capture_heading *heading);

#endif

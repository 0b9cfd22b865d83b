/*
 * What pg_dump writes: the table of contents and the data blocks of its custom format (and the
 * toc.dat of its directory format), read as the bytes come. pg_restore remains the judge of what an
 * archive means; this reader counts what is in it, so that a dump can say what it holds and a
 * restore can be held against it, and it knows whether something was cut off.
 *
 * The layout is that of src/bin/pg_dump/pg_backup_archiver.c and pg_backup_custom.c, archive
 * versions 1.12 (PostgreSQL 9) to 1.16 (17, 18).
 */
#ifndef BACKUP_ARCHIVE_H
#define BACKUP_ARCHIVE_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* All text in UTF-8, whatever the archive's own encoding. */
struct archive_entry {
    int id;                         /* pg_restore -l calls it by this number */
    char *kind;                     /* "TABLE DATA", "INDEX", "DATABASE" */
    char *schema, *name, *owner;    /* NULL or "": none */
    char *definition, *copy, *file; /* SQL, the COPY of its data, its file in a folder; NULL */
    bool has_data;                  /* there is a block of data for it */
    bool seen;                      /* and it was read to its end */
    gint64 rows;                    /* of a table's data; -1: not counted */
    gint64 bytes;
};

/* A folder's toc.dat calls itself that of a tar file. */
enum archive_format { ARCHIVE_CUSTOM = 1, ARCHIVE_DIRECTORY = 3 };

struct archive {
    enum archive_format format;
    int version;     /* 115: 1.15 */
    bool compressed; /* by pg_dump itself: rows cannot be counted */
    char *encoding;  /* of its text and data: "LATIN1"; NULL: not said (yet) */
    char *database;  /* that was dumped; as bytes, in no encoding */
    char *server;    /* its version, as text: "15.13 (Debian …)" */
    char *dumper;    /* pg_dump's */
    gint64
        created_s; /* seconds since 1970 as its clock's zone had it; not exact across zones */
    GPtrArray *entries; /* of struct archive_entry, in the order of the table of contents */
    guint tables;       /* that have data */
    guint tables_seen;
    struct archive_entry *now; /* whose data is being read; NULL: none's */
    struct archive_state *state;
};

struct archive *archive_new(void);
void archive_free(struct archive *archive);
AUTO_DEFINE(archive, archive_free)

/* The next bytes. False with RUNBOOK_FAILED when they cannot be an archive's. */
bool archive_feed(struct archive *archive, const void *data, gsize length, GError **error);

/* There are no more: false with RUNBOOK_FAILED when something is missing at the end. */
bool archive_end(struct archive *archive, GError **error);

/* The table of contents is complete. */
bool archive_listed(const struct archive *archive);

/* Rows of all tables; -1 where they were not counted. */
gint64 archive_rows(const struct archive *archive);

/* The first entry of the kind; NULL: none. */
const struct archive_entry *archive_find(const struct archive *archive, const char *kind);

/* Counts the rows in the data of one COPY, as it comes. */
struct archive_lines;
struct archive_lines *archive_lines_new(void);
void archive_lines_take(struct archive_lines *lines, const void *data, gsize length);
bool archive_lines_ended(
    const struct archive_lines *lines); /* as pg_dump ends the data of a COPY */
gint64 archive_lines_rows(const struct archive_lines *lines);
void archive_lines_free(struct archive_lines *lines);
AUTO_DEFINE(archive_lines, archive_lines_free)

/* The major version in "15.13 (Debian …)"; 0: unknown. Pure. */
int archive_major(const char *version);

#endif

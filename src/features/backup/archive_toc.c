/* The header and the table of contents. */
#include "archive_private.h"
#include "pg/charset.h"

#include <string.h>
#include <time.h>

enum {
    OLDEST = 112,     /* PostgreSQL 9.0 */
    NEWEST = 116,     /* 17 and 18 */
    ALGORITHM = 115,  /* from here on a byte names the compression */
    ACCESS = 114,     /* an entry has its table access method */
    RELKIND = 116,    /* and its relation kind */
    LONGEST = 1 << 30 /* a string that is longer is none */
};

guint8 archive_byte(struct archive_cursor *cursor)
{
    if (cursor->short_of || cursor->at >= cursor->length) {
        cursor->short_of = true;
        return 0;
    }
    return cursor->data[cursor->at++];
}

/* A byte for the sign, then the least significant first. */
gint64 archive_int(struct archive_cursor *cursor)
{
    guint8 sign = archive_byte(cursor);
    guint64 value = 0;

    for (int i = 0; i < cursor->int_bytes; i++)
        value |= (guint64) archive_byte(cursor) << (8 * i);
    if (sign > 1 || value > G_MAXINT64)
        cursor->wrong = true;
    return sign != 0 ? -(gint64) (value & G_MAXINT64) : (gint64) (value & G_MAXINT64);
}

char *archive_string(struct archive_cursor *cursor)
{
    gint64 length = archive_int(cursor);

    if (length > LONGEST)
        cursor->wrong = true;
    if (cursor->short_of || cursor->wrong || length < 0)
        return NULL;
    if ((gsize) length > cursor->length - cursor->at) {
        cursor->short_of = true;
        return NULL;
    }
    char *text = g_strndup((const char *) cursor->data + cursor->at, (gsize) length);
    cursor->at += (gsize) length;
    return text;
}

static bool understood(const struct archive_cursor *cursor)
{
    return !cursor->short_of && !cursor->wrong;
}

/* ---- the header -------------------------------------------------------------------------- */

static void read_created(struct archive *archive, struct archive_cursor *cursor)
{
    struct tm at = {0};

    at.tm_sec = (int) archive_int(cursor);
    at.tm_min = (int) archive_int(cursor);
    at.tm_hour = (int) archive_int(cursor);
    at.tm_mday = (int) archive_int(cursor);
    at.tm_mon = (int) archive_int(cursor);
    at.tm_year = (int) archive_int(cursor);
    at.tm_isdst = (int) archive_int(cursor);
    archive->created_s = (gint64) mktime(&at);
}

static void replace(char **text, char *with)
{
    g_free(*text);
    *text = with;
}

bool archive_header(struct archive *archive, struct archive_cursor *cursor)
{
    char magic[5];

    for (gsize i = 0; i < sizeof magic; i++)
        magic[i] = (char) archive_byte(cursor);
    if (!cursor->short_of && memcmp(magic, "PGDMP", sizeof magic) != 0)
        cursor->wrong = true;
    archive->version = archive_byte(cursor) * 100;
    archive->version += archive_byte(cursor);
    archive_byte(cursor); /* the revision */
    cursor->int_bytes = archive_byte(cursor);
    guint8 offset_bytes = archive_byte(cursor);
    archive->format = archive_byte(cursor);
    if (!cursor->short_of &&
        (archive->version < OLDEST || archive->version > NEWEST || cursor->int_bytes < 2 ||
         cursor->int_bytes > 8 || offset_bytes > 16 ||
         (archive->format != ARCHIVE_CUSTOM && archive->format != ARCHIVE_DIRECTORY)))
        cursor->wrong = true;
    if (!understood(cursor))
        return false;
    archive->compressed =
        archive->version >= ALGORITHM ? archive_byte(cursor) != 0 : archive_int(cursor) != 0;
    read_created(archive, cursor);
    replace(&archive->database, archive_string(cursor));
    replace(&archive->server, archive_string(cursor));
    replace(&archive->dumper, archive_string(cursor));
    archive->state->entries_left = archive_int(cursor);
    archive->state->int_bytes = cursor->int_bytes;
    archive->state->offset_bytes = offset_bytes;
    cursor->wrong = cursor->wrong || archive->state->entries_left < 0;
    return understood(cursor);
}

/* ---- an entry ---------------------------------------------------------------------------- */

static void skip_string(struct archive_cursor *cursor)
{
    g_free(archive_string(cursor));
}

static void read_entry(const struct archive *archive, struct archive_cursor *cursor,
                       struct archive_entry *entry)
{
    entry->id = (int) archive_int(cursor);
    entry->has_data = archive_int(cursor) != 0;
    skip_string(cursor); /* the catalog's OID */
    skip_string(cursor); /* the object's */
    entry->name = archive_string(cursor);
    entry->kind = archive_string(cursor);
    archive_int(cursor); /* section */
    entry->definition = archive_string(cursor);
    skip_string(cursor); /* DROP */
    entry->copy = archive_string(cursor);
    entry->schema = archive_string(cursor);
    skip_string(cursor); /* tablespace */
    if (archive->version >= ACCESS)
        skip_string(cursor);
    if (archive->version >= RELKIND)
        archive_int(cursor);
    entry->owner = archive_string(cursor);
    skip_string(cursor); /* WITH OIDS, of old */
    /* What it depends on, ended by a null. */
    for (char *depends = archive_string(cursor); depends != NULL;
         depends = archive_string(cursor))
        g_free(depends);
    if (archive->format == ARCHIVE_DIRECTORY)
        entry->file = archive_string(cursor);
    else
        for (int i = 0; i < 1 + archive->state->offset_bytes; i++)
            archive_byte(cursor);
}

/* The first entry says what all text is in: SET client_encoding = 'LATIN1'; but for the database's
 * name, which is what pg_dump connected by. */
static void read_encoding(struct archive *archive, const struct archive_entry *entry)
{
    const char *from = strchr(entry->definition, '\'');
    const char *to = from == NULL ? NULL : strchr(from + 1, '\'');

    if (to == NULL)
        return;
    replace(&archive->encoding, g_strndup(from + 1, (gsize) (to - from - 1)));
}

static void make_utf8(const struct archive *archive, struct archive_entry *entry)
{
    char **texts[] = {&entry->kind,  &entry->schema,     &entry->name,
                      &entry->owner, &entry->definition, &entry->copy};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (*texts[i] != NULL && !g_str_is_ascii(*texts[i]))
            replace(texts[i], charset_utf8(*texts[i], archive->encoding));
}

bool archive_entry(struct archive *archive, struct archive_cursor *cursor)
{
    struct archive_entry entry = {.rows = -1};

    read_entry(archive, cursor, &entry);
    if (entry.kind == NULL && !cursor->short_of)
        cursor->wrong = true;
    if (!understood(cursor)) {
        archive_entry_clear(&entry);
        return false;
    }
    if (g_strcmp0(entry.kind, "ENCODING") == 0 && entry.definition != NULL)
        read_encoding(archive, &entry);
    make_utf8(archive, &entry);
    struct archive_entry *kept = g_new(struct archive_entry, 1);
    *kept = entry;
    g_ptr_array_add(archive->entries, kept);
    g_hash_table_insert(archive->state->by_id, GINT_TO_POINTER(kept->id), kept);
    archive->tables += kept->has_data && strcmp(kept->kind, "TABLE DATA") == 0;
    return true;
}

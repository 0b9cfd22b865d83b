/* The bytes of an archive as they come: from the table of contents to the last block of data. */
#include "archive.h"

#include "archive_private.h"
#include "error.h"

#include <string.h>

enum { BLOCK_DATA = 1, BLOCK_OBJECTS = 3 };

void archive_entry_clear(struct archive_entry *entry)
{
    g_free(entry->kind);
    g_free(entry->schema);
    g_free(entry->name);
    g_free(entry->owner);
    g_free(entry->definition);
    g_free(entry->copy);
    g_free(entry->file);
}

static void entry_free(gpointer data)
{
    archive_entry_clear(data);
    g_free(data);
}

struct archive *archive_new(void)
{
    struct archive *archive = g_new0(struct archive, 1);

    archive->entries = g_ptr_array_new_with_free_func(entry_free);
    archive->state = g_new0(struct archive_state, 1);
    archive->state->waiting = g_byte_array_new();
    archive->state->by_id = g_hash_table_new(NULL, NULL);
    return archive;
}

void archive_free(struct archive *archive)
{
    g_byte_array_unref(archive->state->waiting);
    g_hash_table_unref(archive->state->by_id);
    g_clear_pointer(&archive->state->lines, archive_lines_free);
    g_free(archive->state);
    g_ptr_array_unref(archive->entries);
    g_free(archive->encoding);
    g_free(archive->database);
    g_free(archive->server);
    g_free(archive->dumper);
    g_free(archive);
}

bool archive_listed(const struct archive *archive)
{
    return archive->state->stage > STAGE_ENTRIES;
}

gint64 archive_rows(const struct archive *archive)
{
    gint64 rows = 0;

    for (guint i = 0; i < archive->entries->len; i++) {
        const struct archive_entry *entry = archive->entries->pdata[i];
        if (strcmp(entry->kind, "TABLE DATA") != 0 || !entry->has_data)
            continue;
        if (entry->rows < 0)
            return -1;
        rows += entry->rows;
    }
    return rows;
}

const struct archive_entry *archive_find(const struct archive *archive, const char *kind)
{
    for (guint i = 0; i < archive->entries->len; i++) {
        const struct archive_entry *entry = archive->entries->pdata[i];
        if (strcmp(entry->kind, kind) == 0)
            return entry;
    }
    return NULL;
}

int archive_major(const char *version)
{
    return version == NULL ? 0 : (int) g_ascii_strtoll(version, NULL, 10);
}

/* ---- a block of data --------------------------------------------------------------------- */

struct archive_lines {
    gint64 count;
    char tail[ARCHIVE_TAIL]; /* the last bytes */
};

struct archive_lines *archive_lines_new(void)
{
    return g_new0(struct archive_lines, 1);
}

void archive_lines_free(struct archive_lines *lines)
{
    g_free(lines);
}

static void note_tail(struct archive_lines *lines, const guint8 *data, gsize length)
{
    if (length >= ARCHIVE_TAIL) {
        memcpy(lines->tail, data + length - ARCHIVE_TAIL, ARCHIVE_TAIL);
        return;
    }
    memmove(lines->tail, lines->tail + length, ARCHIVE_TAIL - length);
    memcpy(lines->tail + ARCHIVE_TAIL - length, data, length);
}

void archive_lines_take(struct archive_lines *lines, const void *data, gsize length)
{
    const guint8 *at = data, *end = at + length;

    if (length == 0)
        return;
    for (; (at = memchr(at, '\n', (gsize) (end - at))) != NULL; at++)
        lines->count++;
    note_tail(lines, data, length);
}

bool archive_lines_ended(const struct archive_lines *lines)
{
    static const char end[ARCHIVE_TAIL] = {'\\', '.', '\n', '\n', '\n'};

    return memcmp(lines->tail, end, sizeof end) == 0;
}

gint64 archive_lines_rows(const struct archive_lines *lines)
{
    return lines->count - (archive_lines_ended(lines) ? 3 : 0);
}

static void block_begin(struct archive *archive, struct archive_entry *entry)
{
    archive->now = entry;
    g_clear_pointer(&archive->state->lines, archive_lines_free);
    archive->state->lines = archive_lines_new();
}

static void block_end(struct archive *archive)
{
    struct archive_entry *entry = archive->now;
    bool copied = entry->copy != NULL && entry->copy[0] != '\0';

    if (copied && !archive->compressed)
        entry->rows = archive_lines_rows(archive->state->lines);
    entry->seen = true;
    archive->tables_seen += strcmp(entry->kind, "TABLE DATA") == 0;
    archive->now = NULL;
    archive->state->stage = STAGE_BLOCK;
}

static void count(struct archive *archive, const guint8 *data, gsize length)
{
    const struct archive_state *state = archive->state;

    archive->now->bytes += (gint64) length;
    if (!state->objects && !archive->compressed)
        archive_lines_take(state->lines, data, length);
}

/* ---- steps: each takes one thing, or nothing for want of more ---------------------------- */

static void open_block(struct archive *archive, struct archive_cursor *cursor)
{
    struct archive_state *state = archive->state;
    guint8 kind = archive_byte(cursor);
    gint64 id = archive_int(cursor);

    if (cursor->short_of || cursor->wrong)
        return;
    struct archive_entry *entry = g_hash_table_lookup(state->by_id, GINT_TO_POINTER((int) id));
    cursor->wrong = (kind != BLOCK_DATA && kind != BLOCK_OBJECTS) || entry == NULL ||
                    entry->seen || archive->format != ARCHIVE_CUSTOM;
    if (cursor->wrong)
        return;
    state->objects = kind == BLOCK_OBJECTS;
    state->stage = state->objects ? STAGE_OBJECT : STAGE_CHUNK;
    block_begin(archive, entry);
}

static void open_object(struct archive *archive, struct archive_cursor *cursor)
{
    gint64 oid = archive_int(cursor);

    if (cursor->short_of || cursor->wrong)
        return;
    if (oid == 0)
        block_end(archive);
    else
        archive->state->stage = STAGE_CHUNK;
}

static void open_chunk(struct archive *archive, struct archive_cursor *cursor)
{
    struct archive_state *state = archive->state;
    gint64 length = archive_int(cursor);

    cursor->wrong = cursor->wrong || length < 0;
    if (cursor->short_of || cursor->wrong)
        return;
    state->chunk_left = length;
    if (length > 0)
        state->stage = STAGE_BYTES;
    else if (state->objects)
        state->stage = STAGE_OBJECT;
    else
        block_end(archive);
}

static void take_bytes(struct archive *archive, struct archive_cursor *cursor)
{
    struct archive_state *state = archive->state;
    gsize length = MIN((gsize) state->chunk_left, cursor->length - cursor->at);

    cursor->short_of = length == 0;
    count(archive, cursor->data + cursor->at, length);
    cursor->at += length;
    state->chunk_left -= (gint64) length;
    if (state->chunk_left == 0)
        state->stage = STAGE_CHUNK;
}

static void take_header(struct archive *archive, struct archive_cursor *cursor)
{
    if (archive_header(archive, cursor))
        archive->state->stage = archive->state->entries_left > 0 ? STAGE_ENTRIES : STAGE_BLOCK;
}

static void take_entry(struct archive *archive, struct archive_cursor *cursor)
{
    if (archive_entry(archive, cursor) && --archive->state->entries_left == 0)
        archive->state->stage = STAGE_BLOCK;
}

static void (*const STEPS[])(struct archive *archive, struct archive_cursor *cursor) = {
    [STAGE_HEADER] = take_header, [STAGE_ENTRIES] = take_entry, [STAGE_BLOCK] = open_block,
    [STAGE_OBJECT] = open_object, [STAGE_CHUNK] = open_chunk,   [STAGE_BYTES] = take_bytes,
};

/* Takes what can be taken of length bytes; *ret_taken says how many. */
static bool run(struct archive *archive, const guint8 *data, gsize length, gsize *ret_taken)
{
    struct archive_cursor cursor = {.data = data, .length = length};
    gsize taken = 0;

    while (taken < length) {
        cursor.at = taken;
        cursor.int_bytes = archive->state->int_bytes;
        STEPS[archive->state->stage](archive, &cursor);
        if (cursor.short_of || cursor.wrong)
            break;
        taken = cursor.at;
    }
    *ret_taken = taken;
    return !cursor.wrong;
}

static bool fail(const struct archive *archive, guint64 offset, GError **error)
{
    static const char *const parts[] = {
        [STAGE_HEADER] = "header",       [STAGE_ENTRIES] = "table of contents",
        [STAGE_BLOCK] = "block of data", [STAGE_OBJECT] = "large object",
        [STAGE_CHUNK] = "chunk of data", [STAGE_BYTES] = "data",
    };

    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "it is no archive of pg_dump's, or a damaged one: there is no %s at "
                      "byte %" G_GUINT64_FORMAT,
                      parts[archive->state->stage], offset);
    return false;
}

bool archive_feed(struct archive *archive, const void *data, gsize length, GError **error)
{
    struct archive_state *state = archive->state;
    GByteArray *waiting = state->waiting;
    gsize taken = 0;

    if (waiting->len == 0) {
        if (!run(archive, data, length, &taken))
            return fail(archive, state->offset + taken, error);
        state->offset += taken;
        g_byte_array_append(waiting, (const guint8 *) data + taken, (guint) (length - taken));
        return true;
    }
    /* Rare between blocks of data, always in a long table of contents. */
    g_byte_array_append(waiting, data, (guint) length);
    if (!run(archive, waiting->data, waiting->len, &taken))
        return fail(archive, state->offset + taken, error);
    state->offset += taken;
    g_byte_array_remove_range(waiting, 0, (guint) taken);
    return true;
}

bool archive_end(struct archive *archive, GError **error)
{
    const struct archive_state *state = archive->state;

    for (guint i = 0; i < archive->entries->len; i++) {
        const struct archive_entry *entry = archive->entries->pdata[i];
        if (archive->format != ARCHIVE_CUSTOM || !entry->has_data || entry->seen)
            continue;
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "it was cut off: the data of %s%s%s is not there, or not all of it",
                          entry->schema ? entry->schema : "", entry->schema ? "." : "",
                          entry->name);
        return false;
    }
    if (state->stage == STAGE_BLOCK && state->waiting->len == 0)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "it was cut off after byte %" G_GUINT64_FORMAT,
                      state->offset + state->waiting->len);
    return false;
}

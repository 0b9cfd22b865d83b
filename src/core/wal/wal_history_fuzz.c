/*
 * Input: a digit for the timeline, then a history file's text. The path is without a gap, ascends,
 * ends open at the timeline itself, and has a timeline for every LSN. A name of WAL is read from
 * the same text.
 */
#include "wal/wal_history.h"
#include "wal/wal_name.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const GArray *path, guint32 timeline)
{
    guint64 reached = 0;
    guint32 before = 0;

    for (guint i = 0; i < path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i);
        bool last = i == path->len - 1;
        g_assert(stretch->begin == reached && stretch->timeline > before);
        g_assert((stretch->end == 0) == last && (last || stretch->end >= stretch->begin));
        g_assert(wal_history_leads(path, stretch->timeline, stretch->end));
        reached = stretch->end;
        before = stretch->timeline;
    }
    g_assert(before == timeline);
    g_assert(wal_history_at(path, 0) != 0 && wal_history_at(path, G_MAXUINT64) == timeline);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(GError) error = NULL;

    if (*text == '\0')
        return 0;
    guint32 timeline = (guint32) *text % 64 + 1;
    g_autoptr(GArray) path = wal_history_parse(timeline, text + 1, &error);
    g_assert((path == NULL) == (error != NULL));
    if (path != NULL)
        check_path(path, timeline);

    struct wal_name name = wal_name_parse(text, 1 << 24);
    if (name.kind == WAL_SEGMENT) {
        char again[WAL_NAME_BYTES];
        wal_segment_name(name.timeline, name.segment, 1 << 24, again);
        g_assert_cmpstr(again, ==, text);
    }
    return 0;
}

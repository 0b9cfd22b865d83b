/* Timeline history files, read as the server's readTimeLineHistory() does. */
#include "wal/wal_history.h"

#include "error.h"
#include "wal/wal_name.h"

#include <string.h>

static bool bad_line(guint32 timeline, guint number, const char *why, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "%08X.history is no timeline history: line %u: %s", timeline, number,
                      why);
    return false;
}

/* "1<TAB>0/3000148<TAB>no recovery target specified" */
static bool read_line(const char *line, guint32 timeline, guint number, GArray *path,
                      GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", -1);
    struct wal_stretch before = {0, 0, 0}, next = {0, 0, 0};
    const char *cells[2] = {NULL, NULL};
    guint64 parent = 0;
    guint found = 0;

    for (char **word = words; *word != NULL && found < G_N_ELEMENTS(cells); word++) {
        if (**word != '\0')
            cells[found++] = *word;
    }
    if (found < 2 || !g_ascii_string_to_unsigned(cells[0], 10, 1, G_MAXUINT32, &parent, NULL))
        return bad_line(timeline, number, "timeline and LSN expected", error);
    if (!wal_lsn_parse(cells[1], &next.end) || next.end == 0)
        return bad_line(timeline, number, "LSN expected", error);
    if (path->len > 0)
        before = g_array_index(path, struct wal_stretch, path->len - 1);
    if (parent <= before.timeline || parent >= timeline)
        return bad_line(timeline, number, "timelines must ascend, up to the file's own", error);
    if (next.end < before.end)
        return bad_line(timeline, number, "the LSN is lower than that of the line before",
                        error);
    next.timeline = (guint32) parent;
    next.begin = before.end;
    g_array_append_val(path, next);
    return true;
}

GArray *wal_history_parse(guint32 timeline, const char *text, GError **error)
{
    g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));
    struct wal_stretch own = {timeline, 0, 0};
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        char *line = g_strstrip(lines[i]);
        if (*line != '\0' && *line != '#' && !read_line(line, timeline, i + 1, path, error))
            return NULL;
    }
    if (timeline > 1 && text != NULL && path->len == 0) {
        bad_line(timeline, 1, "no timeline leads to it", error);
        return NULL;
    }
    if (path->len > 0)
        own.begin = g_array_index(path, struct wal_stretch, path->len - 1).end;
    g_array_append_val(path, own);
    return g_steal_pointer(&path);
}

guint32 wal_history_at(const GArray *path, guint64 lsn)
{
    for (guint i = 0; i < path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i);
        if (lsn >= stretch->begin && (stretch->end == 0 || lsn < stretch->end))
            return stretch->timeline;
    }
    return 0;
}

bool wal_history_leads(const GArray *path, guint32 timeline, guint64 lsn)
{
    for (guint i = 0; i < path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i);
        if (stretch->timeline == timeline)
            return stretch->end == 0 || lsn <= stretch->end;
    }
    return false;
}

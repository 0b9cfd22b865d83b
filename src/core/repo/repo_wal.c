/* What WAL a repository has: listing, ranges, histories, what is broken. */
#include "repo/repo_wal.h"

#include "repo/repo_seal.h"
#include "repo/repo_segment.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- listing ------------------------------------------------------------------------------ */

/* The names of a folder; one that is missing is empty. Caller unrefs; NULL with an error. */
static GPtrArray *names_in(const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &failure);
    const char *name = NULL;

    if (dir == NULL && !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", failure->message);
        return NULL;
    }
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_strdup(name));
    return g_steal_pointer(&names);
}

/* The timelines that have a folder, as guint32. */
static GArray *timelines_of(const struct lineage *lineage, GError **error)
{
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autoptr(GPtrArray) names = names_in(folder, error);
    g_autoptr(GArray) timelines = g_array_new(FALSE, FALSE, sizeof(guint32));

    if (names == NULL)
        return NULL;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *history = g_strdup_printf("%s.history", (char *) names->pdata[i]);
        struct wal_name parsed = wal_name_parse(history, 0);
        if (parsed.kind == WAL_HISTORY && strlen(names->pdata[i]) == 8)
            g_array_append_val(timelines, parsed.timeline);
    }
    return g_steal_pointer(&timelines);
}

/* The segment size that a file says: an index does, and the WAL's first page. 0 with an error. */
static guint32 size_in(const struct lineage *lineage, const char *path, GError **error)
{
    enum { PAGE_HEADER = 40, SIZE_AT = 32 };
    guint8 page[PAGE_HEADER];
    gsize length = 0;
    guint32 size = 0;
    AUTO(repo_reader) file = repo_reader_open(path, lineage_key(lineage), NULL, error);

    if (file == NULL)
        return 0;
    AUTO(wal_index) index = segment_index_read(file, NULL);
    if (index != NULL)
        return index->segment_bytes;
    if (segment_beginning(file, page, sizeof page, &length) && length == sizeof page) {
        memcpy(&size, page + SIZE_AT, sizeof size);
        size = GUINT32_FROM_LE(size);
        if (size >= 1 << 20 && size <= 1 << 30 && (size & (size - 1)) == 0)
            return size;
    }
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is damaged: it begins with no WAL",
                      path);
    return 0;
}

/* The name without ".zst"; NULL: it has none. Caller frees. */
static char *stem_of(const char *name)
{
    return g_str_has_suffix(name, ".zst") ? g_strndup(name, strlen(name) - 4) : NULL;
}

/* The first segment of the folder that says its size. 0: none does; with an error when one is
 * there. */
static guint32 size_of_folder(const struct lineage *lineage, const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
    guint32 size = 0;
    const char *name = NULL;

    /* Name by name: there may be many thousands. */
    while (dir != NULL && size == 0 && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *stem = stem_of(name);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) failure = NULL;
        /* Any size that allows the name: the number is not of interest here. */
        if (stem == NULL || wal_name_parse(stem, 1 << 20).kind == WAL_OTHER)
            continue;
        size = size_in(lineage, path, &failure);
        /* Completed or expired just now: no reason to call it damaged. */
        if (size == 0 && cause == NULL && g_file_test(path, G_FILE_TEST_EXISTS))
            cause = g_steal_pointer(&failure);
    }
    if (size == 0 && cause != NULL)
        g_propagate_error(error, g_steal_pointer(&cause));
    return size;
}

bool lineage_segment_bytes(const struct lineage *lineage, guint32 *ret_size, GError **error)
{
    g_autoptr(GArray) timelines = timelines_of(lineage, error);
    g_autoptr(GError) cause = NULL;

    *ret_size = 0;
    if (timelines == NULL)
        return false;
    for (guint i = timelines->len; i > 0; i--) {
        g_autofree char *folder =
            segment_folder(lineage, g_array_index(timelines, guint32, i - 1));
        *ret_size = size_of_folder(lineage, folder, cause == NULL ? &cause : NULL);
        if (*ret_size != 0)
            return true;
    }
    if (cause == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const struct repo_segment *left = a, *right = b;

    if (left->timeline != right->timeline)
        return left->timeline < right->timeline ? -1 : 1;
    if (left->segment != right->segment)
        return left->segment < right->segment ? -1 : 1;
    return (int) left->partial - (int) right->partial;
}

static bool list_timeline(const struct lineage *lineage, guint32 timeline, guint32 size,
                          GArray *segments, GError **error)
{
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autoptr(GPtrArray) names = names_in(folder, error);

    for (guint i = 0; names != NULL && i < names->len; i++) {
        g_autofree char *stem = stem_of(names->pdata[i]);
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        struct wal_name name = wal_name_parse(stem != NULL ? stem : "", size);
        struct stat about;
        if ((name.kind != WAL_SEGMENT && name.kind != WAL_PARTIAL) ||
            name.timeline != timeline || stat(path, &about) != 0)
            continue;
        struct repo_segment segment = {
            timeline, name.segment, name.kind == WAL_PARTIAL, (guint64) about.st_size, size, 0};
        g_array_append_val(segments, segment);
    }
    return names != NULL;
}

GArray *lineage_segments(const struct lineage *lineage, GError **error)
{
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    g_autoptr(GArray) timelines = timelines_of(lineage, error);
    guint32 size = 0;

    if (timelines == NULL || !lineage_segment_bytes(lineage, &size, error))
        return NULL;
    for (guint i = 0; i < timelines->len && size != 0; i++) {
        if (!list_timeline(lineage, g_array_index(timelines, guint32, i), size, segments,
                           error))
            return NULL;
    }
    g_array_sort(segments, by_place);
    for (guint i = 1; i < segments->len; i++) {
        const struct repo_segment *before =
            &g_array_index(segments, struct repo_segment, i - 1);
        const struct repo_segment *one = &g_array_index(segments, struct repo_segment, i);
        if (one->timeline == before->timeline && one->segment == before->segment)
            g_array_remove_index(segments, i--);
    }
    return g_steal_pointer(&segments);
}

bool repo_segments_have(const GArray *segments, guint32 timeline, guint64 segment)
{
    for (guint i = 0; i < segments->len; i++) {
        const struct repo_segment *one = &g_array_index(segments, struct repo_segment, i);
        if (one->timeline == timeline && one->segment == segment)
            return !one->partial;
    }
    return false;
}

bool repo_segment_serves(const struct repo_segment *segment, guint64 stop_lsn)
{
    /* Complete and partial files of the same WAL must be judged alike wherever it is asked, or a
     * backup is taken by one command and thrown away by another. */
    return !segment->partial || segment->end_lsn >= stop_lsn;
}

void lineage_segments_measure(const struct lineage *lineage, GArray *segments)
{
    for (guint i = 0; i < segments->len; i++) {
        struct repo_segment *one = &g_array_index(segments, struct repo_segment, i);
        if (!one->partial)
            continue;
        AUTO(wal_index) index = lineage_segment_index(lineage, one, NULL);
        one->end_lsn = index != NULL ? index->end_lsn : 0;
        if (index != NULL)
            continue;
        /* It may have been completed just now. */
        struct repo_segment whole = *one;
        whole.partial = false;
        AUTO(wal_index) completed = lineage_segment_index(lineage, &whole, NULL);
        if (completed != NULL)
            *one = whole;
    }
}

bool lineage_segment_find(const struct lineage *lineage, guint32 timeline, guint64 segment,
                          guint32 segment_bytes, struct repo_segment *ret_segment)
{
    for (int partial = 0; partial <= 1; partial++) {
        g_autofree char *path =
            segment_path(lineage, timeline, segment, segment_bytes, partial != 0);
        struct stat about;
        if (stat(path, &about) != 0)
            continue;
        g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
        *ret_segment = (struct repo_segment){
            timeline, segment, partial != 0, (guint64) about.st_size, segment_bytes, 0};
        g_array_append_val(one, *ret_segment);
        lineage_segments_measure(lineage, one);
        *ret_segment = g_array_index(one, struct repo_segment, 0);
        return true;
    }
    return false;
}

void lineage_wal_clean(const struct lineage *lineage)
{
    g_autofree char *top = segment_folder(lineage, 0);
    g_autoptr(GArray) timelines = timelines_of(lineage, NULL);

    repo_folder_clean(top);
    for (guint i = 0; timelines != NULL && i < timelines->len; i++) {
        g_autofree char *folder = segment_folder(lineage, g_array_index(timelines, guint32, i));
        repo_folder_clean(folder);
    }
}

/* ---- ranges ------------------------------------------------------------------------------- */

static const struct repo_segment *segment_at(const GArray *segments, guint i)
{
    return &g_array_index(segments, struct repo_segment, i);
}

/* The segments first to last of the list: one stretch. Where the last cannot be read, the end is
 * not known beyond its beginning. */
static struct repo_range range_of(const struct lineage *lineage, const GArray *segments,
                                  guint first, guint last)
{
    guint64 size = segment_at(segments, first)->segment_bytes;
    struct repo_range range = {
        segment_at(segments, first)->timeline, segment_at(segments, first)->segment,
        segment_at(segments, last)->segment, segment_at(segments, last)->segment * size, 0};

    for (guint i = last + 1; i > first && range.last_us == 0; i--) {
        AUTO(wal_index)
        index = lineage_segment_index(lineage, segment_at(segments, i - 1), NULL);
        if (index != NULL && i == last + 1)
            range.end_lsn = index->end_lsn;
        if (index != NULL && index->commits + index->aborts > 0)
            range.last_us = index->last_us;
    }
    return range;
}

GArray *lineage_ranges(const struct lineage *lineage, GError **error)
{
    g_autoptr(GArray) segments = lineage_segments(lineage, error);
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(struct repo_range));
    guint first = 0;

    if (segments == NULL)
        return NULL;
    for (guint i = 0; i < segments->len; i++) {
        const struct repo_segment *one = segment_at(segments, i);
        const struct repo_segment *next = i + 1 < segments->len ? one + 1 : NULL;
        if (next != NULL && next->timeline == one->timeline &&
            next->segment == one->segment + 1 && !one->partial)
            continue;
        struct repo_range range = range_of(lineage, segments, first, i);
        g_array_append_val(ranges, range);
        first = i + 1;
    }
    return g_steal_pointer(&ranges);
}

/* ---- histories ---------------------------------------------------------------------------- */

GArray *lineage_history(const struct lineage *lineage, guint32 timeline, bool *ret_missing,
                        GError **error)
{
    g_autofree char *name = g_strdup_printf("%08X.history", timeline);
    gsize length = 0;
    bool missing = false;

    if (ret_missing != NULL)
        *ret_missing = false;
    if (timeline <= 1)
        return wal_history_parse(timeline, NULL, error);
    g_autofree char *text = repo_history_read(lineage, name, &length, &missing, NULL, error);
    if (ret_missing != NULL)
        *ret_missing = missing;
    return text != NULL ? wal_history_parse(timeline, text, error) : NULL;
}

guint32 lineage_newest_timeline(const struct lineage *lineage)
{
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autoptr(GPtrArray) names = names_in(folder, NULL);
    g_autoptr(GArray) segments = lineage_segments(lineage, NULL);
    guint32 newest = 0;

    for (guint i = 0; names != NULL && i < names->len; i++) {
        struct wal_name name = wal_name_parse(names->pdata[i], 0);
        if (name.kind == WAL_HISTORY)
            newest = MAX(newest, name.timeline);
    }
    if (segments != NULL && segments->len > 0)
        newest = MAX(newest, segment_at(segments, segments->len - 1)->timeline);
    return newest;
}

/* ---- what is broken ----------------------------------------------------------------------- */

static json_t *read_breaks(const struct lineage *lineage, guint32 timeline)
{
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *path = g_strdup_printf("%s/broken.json", folder);
    gsize length = 0;
    g_autofree char *text = repo_file_read(path, lineage_key(lineage), &length, NULL, NULL);
    json_t *document = text != NULL ? repo_unseal(text, length, path, NULL) : NULL;
    json_t *breaks = json_incref(json_object_get(document, "breaks"));

    json_decref(document);
    if (json_is_array(breaks))
        return breaks;
    json_decref(breaks);
    return json_array();
}

/* Marks that cannot be read are not written over: they stay beside the new ones for a person to look
 * at. The holes themselves are seen by the segments that are missing. */
static void set_aside(const struct lineage *lineage, const char *folder)
{
    g_autofree char *path = g_strdup_printf("%s/broken.json", folder);
    g_autofree char *aside = g_strdup_printf("%s/broken.json.damaged", folder);
    gsize length = 0;
    g_autofree char *text = repo_file_read(path, lineage_key(lineage), &length, NULL, NULL);
    json_t *document = text != NULL ? repo_unseal(text, length, path, NULL) : NULL;

    if (document == NULL && access(path, F_OK) == 0 && rename(path, aside) != 0)
        g_debug("%s: %s", path, g_strerror(errno));
    json_decref(document);
}

bool lineage_break(struct lineage *lineage, guint32 timeline, guint64 lsn, const char *text,
                   gint64 now_us, GError **error)
{
    g_autofree char *folder = segment_folder_make(lineage, timeline, error);
    g_autofree char *place = wal_lsn_format(lsn);
    json_t *breaks = NULL, *document = NULL;

    if (folder == NULL)
        return false;
    set_aside(lineage, folder);
    breaks = read_breaks(lineage, timeline);
    json_array_append_new(breaks, json_pack("{s:s, s:s, s:I}", "lsn", place, "text", text,
                                            "at_us", (json_int_t) now_us));
    document = json_pack("{s:o}", "breaks", breaks);
    g_autofree char *written = repo_seal(document);
    bool good = repo_file_write(folder, "broken.json", lineage_key(lineage), written,
                                strlen(written), error);
    return good;
}

guint64 lineage_broken(const struct lineage *lineage, guint32 timeline, char **ret_text)
{
    json_t *breaks = read_breaks(lineage, timeline);
    const char *text = NULL;
    guint64 greatest = 0, lsn = 0;

    for (size_t i = 0; i < json_array_size(breaks); i++) {
        const json_t *one = json_array_get(breaks, i);
        const char *place = json_string_value(json_object_get(one, "lsn"));
        if (place == NULL || !wal_lsn_parse(place, &lsn) || lsn <= greatest)
            continue;
        greatest = lsn;
        text = json_string_value(json_object_get(one, "text"));
    }
    if (ret_text != NULL)
        *ret_text = greatest != 0 ? g_strdup(text != NULL ? text : "") : NULL;
    json_decref(breaks);
    return greatest;
}

/* The WAL of a repository, read in full; and the small files beside it. */
#include "verify.h"

#include "repo/repo_seal.h"
#include "wal/wal_history.h"

#include <string.h>

static const struct repo_segment *at(const GArray *segments, guint i)
{
    return &g_array_index(segments, struct repo_segment, i);
}

static char *name_of(const struct repo_segment *segment, guint32 bytes)
{
    char name[WAL_NAME_BYTES];
    wal_segment_name(segment->timeline, segment->segment, bytes, name);
    return g_strdup(name);
}

static char *path_of(const struct verify *verify, const struct repo_segment *segment,
                     guint32 bytes)
{
    g_autofree char *name = name_of(segment, bytes);
    return g_strdup_printf("%s/wal/%08X/%s%s.zst", lineage_path(verify->repository->lineage),
                           segment->timeline, name, segment->partial ? ".partial" : "");
}

/* An encrypted file may be read in spite of a flipped bit. */
static void check_container(struct verify *verify, const char *path)
{
    g_autoptr(GError) cause = NULL;
    const struct repo_key *key = lineage_key(verify->repository->lineage);
    AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, NULL);
    if (reader != NULL && !repo_reader_intact(reader, &cause))
        verify_add(verify, VERIFY_SURVIVED, path, "%s", cause->message);
}

/* kind: what it is when it cannot be read. */
static void check_sealed(struct verify *verify, enum verify_kind kind, const char *path)
{
    g_autoptr(GError) cause = NULL;
    bool missing = false;
    gsize length = 0;
    const struct repo_key *key = lineage_key(verify->repository->lineage);
    g_autofree char *text = repo_file_read(path, key, &length, &missing, &cause);
    json_t *object = text == NULL ? NULL : repo_unseal(text, length, path, &cause);
    if (object == NULL && !missing)
        verify_add(verify, kind, path, "%s", cause->message);
    json_decref(object);
}

/* What is noted of a partial segment beside it: without it the segment is as good as before. */
static void check_note(struct verify *verify, const char *segment_path)
{
    g_autofree char *stem = g_strndup(segment_path, strlen(segment_path) - strlen("zst"));
    g_autofree char *path = g_strconcat(stem, "json", NULL);
    check_sealed(verify, VERIFY_SURVIVED, path);
}

/* ---- segments ----------------------------------------------------------------------------- */

static bool check_segment(struct verify *verify, const struct repo_segment *segment,
                          guint32 bytes, bool *ret_good, GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool usable = false;
    g_autofree char *path = path_of(verify, segment, bytes);
    g_autofree char *name = name_of(segment, bytes);
    const struct lineage *lineage = verify->repository->lineage;
    *ret_good = lineage_segment_verify(lineage, segment, &usable, &cause);
    verify->segments++;
    /* Meanwhile the receiver may have completed it, and `expire` may have removed it. */
    if (!*ret_good && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        struct repo_segment whole = *segment;
        whole.partial = false;
        g_clear_error(&cause);
        *ret_good =
            !segment->partial || lineage_segment_verify(lineage, &whole, &usable, &cause);
    }
    /* The index is made again from the segment wherever it cannot be read. */
    if (!*ret_good)
        verify_add(verify, usable ? VERIFY_SURVIVED : VERIFY_DAMAGED, path, "%s",
                   cause->message);
    *ret_good = *ret_good || usable;
    /* One that is arriving has no table yet. */
    if (segment->partial)
        check_note(verify, path);
    else
        check_container(verify, path);
    return verify_step(verify, segment->stored, name, error);
}

/* Between two neighbours of the list on one timeline. */
static void check_gap(struct verify *verify, const struct repo_segment *before,
                      const struct repo_segment *after, guint32 bytes)
{
    guint64 missing = after->segment - before->segment - 1;
    if (missing == 0 && !before->partial)
        return;
    struct repo_segment first = *before;
    first.segment += before->partial ? 0 : 1;
    first.partial = false;
    g_autofree char *path = path_of(verify, &first, bytes);
    verify_add(verify, VERIFY_GAP, path,
               "it is not there, though WAL behind it is: %" G_GUINT64_FORMAT
               " segments are missing",
               missing + (before->partial ? 1 : 0));
}

/* Whether a recovery would come from one segment into the next: where two servers have written into
 * one repository each of them may be as it was stored. What cannot be read says nothing. */
static bool goes_on(const struct verify *verify, const struct repo_segment *before,
                    const struct repo_segment *after, guint32 bytes)
{
    const struct lineage *lineage = verify->repository->lineage;

    if (before->segment + 1 != after->segment || before->partial)
        return true;
    AUTO(wal_index) first = lineage_segment_index(lineage, before, NULL);
    AUTO(wal_index) second = lineage_segment_index(lineage, after, NULL);
    return first == NULL || second == NULL || !first->joined || !second->joined ||
           second->end_lsn == second->segment * bytes ||
           wal_join_fits(&first->join, &second->join);
}

static void check_border(struct verify *verify, const struct repo_segment *before,
                         const struct repo_segment *after, guint32 bytes)
{
    if (goes_on(verify, before, after, bytes))
        return;
    g_autofree char *path = path_of(verify, after, bytes);
    g_autofree char *name = name_of(before, bytes);
    verify_add(verify, VERIFY_DAMAGED, path,
               "its WAL does not go on where that of %s ends: they are of two servers, and a "
               "recovery ends between them",
               name);
}

/* The one before the segment in which a timeline begins is an ancestor's; NULL: it is another, or
 * not there. */
static const struct repo_segment *ancestors(const struct verify *verify, const GArray *segments,
                                            const struct repo_segment *segment, guint32 bytes)
{
    const struct lineage *lineage = verify->repository->lineage;
    g_autoptr(GArray) path = lineage_history(lineage, segment->timeline, NULL, NULL);

    if (path == NULL || path->len < 2 ||
        g_array_index(path, struct wal_stretch, path->len - 1).begin / bytes !=
            segment->segment)
        return NULL;
    guint32 timeline = wal_history_at(path, segment->segment * bytes - 1);
    return repository_segment(segments, timeline, segment->segment - 1);
}

/* Between it and the one before it in the list, or where there is none on its timeline, on the one
 * that its timeline left. */
static void check_before(struct verify *verify, const GArray *segments, guint i, guint32 bytes)
{
    const struct repo_segment *segment = at(segments, i);
    const struct repo_segment *before = i > 0 ? at(segments, i - 1) : NULL;

    if (before != NULL && before->timeline == segment->timeline)
        check_gap(verify, before, segment, bytes);
    else
        before = ancestors(verify, segments, segment, bytes);
    if (before != NULL)
        check_border(verify, before, segment, bytes);
}

bool verify_wal(struct verify *verify, const GArray *segments, GHashTable **ret_bad,
                GError **error)
{
    g_autoptr(GHashTable) bad = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    guint32 bytes = 0;
    if (!lineage_segment_bytes(verify->repository->lineage, &bytes, error))
        return false;
    for (guint i = 0; i < segments->len; i++) {
        bool good = false;
        if (!check_segment(verify, at(segments, i), bytes, &good, error))
            return false;
        if (!good)
            g_hash_table_add(bad, name_of(at(segments, i), bytes));
        check_before(verify, segments, i, bytes);
    }
    *ret_bad = g_steal_pointer(&bad);
    return true;
}

bool verify_needed(struct verify *verify, const GArray *segments, GHashTable *bad,
                   const struct repo_backup *backup, char **ret_text, GError **error)
{
    guint32 bytes = backup->wal_segment_bytes;
    const struct repo_segment *before = NULL;
    if (bytes == 0 || backup->stop_lsn == 0)
        return true;
    for (guint64 number = backup->start_lsn / bytes;
         number <= (backup->stop_lsn - 1) / bytes && *ret_text == NULL; number++) {
        struct repo_segment wanted = {.timeline = backup->timeline, .segment = number};
        const struct repo_segment *segment =
            repository_segment(segments, backup->timeline, number);
        g_autofree char *name = name_of(&wanted, bytes);
        bool there = segment != NULL && repo_segment_serves(segment, backup->stop_lsn);
        bool good = there && (bad == NULL || !g_hash_table_contains(bad, name));
        if (good && bad == NULL && !check_segment(verify, segment, bytes, &good, error))
            return false;
        if (!good)
            *ret_text = g_strdup_printf("the WAL segment %s, which it needs, is %s", name,
                                        segment == NULL ? "not there"
                                        : there         ? "damaged"
                                                        : "not there up to the backup's end");
        else if (before != NULL && !goes_on(verify, before, segment, bytes))
            *ret_text =
                g_strdup_printf("the WAL segment %s, which it needs, does not go on where "
                                "the one before it ends",
                                name);
        before = segment;
    }
    if (*ret_text != NULL)
        verify_add(verify, VERIFY_DAMAGED, backup->id, "%s", *ret_text);
    return true;
}

/* ---- small files -------------------------------------------------------------------------- */

static void check_history(struct verify *verify, const char *path, const char *name,
                          guint32 timeline)
{
    g_autoptr(GError) cause = NULL;
    bool missing = false;
    gsize length = 0;
    g_autofree char *note = NULL;
    g_autofree char *text =
        repo_history_read(verify->repository->lineage, name, &length, &missing, &note, &cause);
    g_autoptr(GArray) history = text == NULL ? NULL : wal_history_parse(timeline, text, &cause);
    if (history == NULL)
        verify_add(verify, VERIFY_DAMAGED, path, "%s", cause->message);
    else if (note != NULL)
        verify_add(verify, VERIFY_SURVIVED, path, "%s", note);
}

/* The history file of which only the copy, of that name, is there. Caller frees. */
static char *lost_history(const char *wal, const char *name)
{
    g_autofree char *stem = g_strndup(name, strlen("00000001.history"));
    g_autofree char *path = g_build_filename(wal, stem, NULL);
    bool copy = g_str_has_suffix(name, ".history.copy.json") &&
                wal_name_parse(stem, 0).kind == WAL_HISTORY;
    return copy && !g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&stem) : NULL;
}

/* Of a folder of WAL, "00000002": neither the history nor its copy. */
static void check_has_history(struct verify *verify, const char *wal, const char *name)
{
    g_autofree char *history = g_strconcat(name, ".history", NULL);
    g_autofree char *copy = g_strconcat(history, ".copy.json", NULL);
    g_autofree char *path = g_build_filename(wal, history, NULL);
    g_autofree char *beside = g_build_filename(wal, copy, NULL);
    struct wal_name parsed = wal_name_parse(history, 0);

    if (parsed.kind == WAL_HISTORY && parsed.timeline > 1 &&
        !g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(beside, G_FILE_TEST_EXISTS))
        verify_add(verify, VERIFY_DAMAGED, path,
                   "is not there: nothing leads to the WAL of timeline %u", parsed.timeline);
}

/* JSON and histories in a folder. */
static void check_containers(struct verify *verify, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_str_has_suffix(name, ".json") || g_str_has_suffix(name, ".history") ||
            g_str_has_suffix(name, ".backup"))
            check_container(verify, path);
    }
}

void verify_containers(struct verify *verify)
{
    const struct repository *repository = verify->repository;
    if (lineage_key(repository->lineage) == NULL)
        return;
    g_autofree char *wal = g_build_filename(lineage_path(repository->lineage), "wal", NULL);
    check_containers(verify, lineage_path(repository->lineage));
    check_containers(verify, wal);
    for (guint i = 0; i < repository->backups->len; i++) {
        const struct repo_backup *backup = repository->backups->pdata[i];
        check_containers(verify, backup->folder);
    }
    g_autoptr(GDir) dir = g_dir_open(wal, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(wal, name, NULL);
        check_containers(verify, folder);
    }
}

void verify_small_files(struct verify *verify)
{
    const struct repository *repository = verify->repository;
    const char *trouble = repo_trouble(repository->repo);
    if (trouble != NULL)
        verify_add(verify, VERIFY_SURVIVED, repo_path(repository->repo),
                   "%s; its copy was used", trouble);
    g_autofree char *damage =
        g_build_filename(lineage_path(repository->lineage), "damage.json", NULL);
    check_sealed(verify, VERIFY_DAMAGED, damage);

    g_autofree char *wal = g_build_filename(lineage_path(repository->lineage), "wal", NULL);
    g_autoptr(GDir) dir = g_dir_open(wal, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(wal, name, NULL);
        struct wal_name parsed = wal_name_parse(name, 0);
        if (parsed.kind == WAL_HISTORY)
            check_history(verify, path, name, parsed.timeline);
        g_autofree char *broken = g_build_filename(path, "broken.json", NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
            check_sealed(verify, VERIFY_DAMAGED, broken);
            check_has_history(verify, wal, name);
        }
        g_autofree char *lost = lost_history(wal, name);
        if (lost != NULL)
            check_history(verify, path, lost, wal_name_parse(lost, 0).timeline);
    }
}

/*
 * From the stream into files: archive or manifest, one at a time, through the compressing threads.
 * Beside it goes members.zst: what stands where in the archives, so that any file of the cluster can
 * be read without unpacking the rest.
 */
#include "create.h"
#include "tar/tar.h"

#include <string.h>

/* backup_label is a few hundred bytes. */
enum { LABEL_MOST = 64 << 10 };

struct create_files {
    struct repo_backup *backup;
    const struct repo_key *key;
    int level;
    guint threads;
    guint64 taken; /* of archives that are complete */
    char *name;    /* of the file that is being written; NULL: none */
    struct repo_writer *file;
    struct seek_writer *packed;
    struct tar_walker *walker; /* NULL: it is no archive */
    struct repo_writer *members_file;
    struct seek_writer *members;
    GString *line;
    char *place;    /* of the tablespace whose archive it is; NULL: it is none's */
    bool inhabited; /* something of that was met */
    GString *label; /* NULL until backup_label was met */
    bool in_label;
    gint64 server_us, heard_us; /* the server's clock when it sent that, and ours (monotonic) */
};

/* ---- what stands where -------------------------------------------------------------------- */

void create_member_line(GString *text, const char *archive, guint64 offset, guint64 size,
                        const char *name)
{
    g_string_append_printf(text, "%s\t%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t", archive,
                           offset, size);
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '\t')
            g_string_append(text, "\\t");
        else if (*at == '\n')
            g_string_append(text, "\\n");
        else if (*at == '\\')
            g_string_append(text, "\\\\");
        else
            g_string_append_c(text, *at);
    }
    g_string_append_c(text, '\n');
}

static bool on_member(const struct tar_member *member, gpointer data, GError **error)
{
    struct create_files *files = data;

    files->inhabited = true;
    files->in_label = strcmp(member->name, "backup_label") == 0 && member->size <= LABEL_MOST;
    if (files->in_label && files->label == NULL) {
        files->label = g_string_new("");
        files->server_us = member->mtime * G_USEC_PER_SEC;
        files->heard_us = g_get_monotonic_time();
    }
    if (member->kind != TAR_FILE)
        return true;
    g_string_truncate(files->line, 0);
    create_member_line(files->line, files->name, member->offset, member->size, member->name);
    return seek_writer_put(files->members, files->line->str, files->line->len, error);
}

static bool on_content(const void *bytes, gsize length, guint64 offset, gpointer data,
                       GError **error)
{
    struct create_files *files = data;

    (void) offset, (void) error;
    if (files->in_label)
        g_string_append_len(files->label, bytes, (gssize) length);
    return true;
}

static const struct tar_visitor visitor = {.member = on_member, .content = on_content};

/* ---- a file, from its beginning to its name ----------------------------------------------- */

static bool show_file(struct create_files *files, const char *name, struct repo_writer *file,
                      const struct seek_writer *packed, GError **error)
{
    struct repo_backup_file entry = {.name = g_strdup(name)};

    if (!repo_writer_end(file, error) || !repo_writer_show(file, name, false, NULL, error)) {
        g_free(entry.name);
        return false;
    }
    entry.size = seek_writer_size(packed);
    entry.stored = repo_writer_stored(file);
    entry.sha256 = repo_writer_sha256(file);
    g_array_append_val(files->backup->files, entry);
    files->backup->size += entry.size;
    files->backup->stored += entry.stored;
    return true;
}

static void close_file(struct create_files *files)
{
    g_clear_pointer(&files->walker, tar_walker_free);
    g_clear_pointer(&files->packed, seek_writer_free);
    g_clear_pointer(&files->file, repo_writer_free);
    g_clear_pointer(&files->name, g_free);
    g_clear_pointer(&files->place, g_free);
}

/* In its place there is always a folder of the server's version. Where it is missing the server says
 * nothing: the tablespace may have been dropped meanwhile. Most often its disk is not mounted. */
static bool is_inhabited(const struct create_files *files, GError **error)
{
    if (files->place == NULL || files->inhabited)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "is its disk mounted? One that was dropped while the backup ran: take it "
                      "again; a link in "
                      "pg_tblspc that is left of one: remove it",
                      "no backup: there is nothing in the place of a tablespace, \"%s\"",
                      files->place);
    return false;
}

static bool end_file(struct create_files *files, GError **error)
{
    if (files->name == NULL)
        return true;
    if ((files->walker != NULL && !tar_walker_end(files->walker, error)) ||
        !is_inhabited(files, error) || !seek_writer_end(files->packed, error) ||
        !show_file(files, files->name, files->file, files->packed, error))
        return false;
    if (files->walker != NULL)
        files->taken += seek_writer_size(files->packed);
    close_file(files);
    return true;
}

/* Takes the name over. */
static bool begin_file(struct create_files *files, char *name, GError **error)
{
    files->name = name;
    files->file = repo_writer_new_hashed(files->backup->folder, files->key, error);
    if (files->file == NULL)
        return false;
    files->packed = seek_writer_new(files->file, files->level, files->threads);
    return true;
}

static bool begin_members(struct create_files *files, GError **error)
{
    if (files->members != NULL)
        return true;
    files->members_file = repo_writer_new_hashed(files->backup->folder, files->key, error);
    if (files->members_file == NULL)
        return false;
    files->members = seek_writer_new(files->members_file, files->level, 1);
    return true;
}

bool create_files_archive(struct create_files *files, guint32 oid, const char *path,
                          GError **error)
{
    if (!end_file(files, error) || !begin_members(files, error))
        return false;
    if (oid != 0) {
        struct repo_tablespace tablespace = {.oid = oid, .path = g_strdup(path)};
        g_array_append_val(files->backup->tablespaces, tablespace);
        files->place = g_strdup(path);
    }
    files->inhabited = false;
    files->walker = tar_walker_new(&visitor, files);
    return begin_file(
        files, oid == 0 ? g_strdup("base.tar.zst") : g_strdup_printf("%u.tar.zst", oid), error);
}

bool create_files_manifest(struct create_files *files, GError **error)
{
    return end_file(files, error) && begin_file(files, g_strdup("backup_manifest.zst"), error);
}

bool create_files_bytes(struct create_files *files, const void *bytes, gsize length,
                        GError **error)
{
    if (files->packed == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the server sent bytes of no archive it had announced");
        return false;
    }
    return (files->walker == NULL || tar_walker_feed(files->walker, bytes, length, error)) &&
           seek_writer_put(files->packed, bytes, length, error);
}

bool create_files_end(struct create_files *files, GError **error)
{
    if (!end_file(files, error))
        return false;
    if (files->members == NULL || files->backup->files->len < 2) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the server's backup has no archive or no manifest");
        return false;
    }
    return seek_writer_end(files->members, error) &&
           show_file(files, "members.zst", files->members_file, files->members, error);
}

/* ---- the object --------------------------------------------------------------------------- */

struct create_files *create_files_new(struct repo_backup *backup, const struct repo_key *key,
                                      int level, guint threads)
{
    struct create_files *files = g_new0(struct create_files, 1);

    files->backup = backup;
    files->key = key;
    files->level = level;
    files->threads = threads;
    files->line = g_string_new("");
    return files;
}

void create_files_free(struct create_files *files)
{
    close_file(files);
    g_clear_pointer(&files->members, seek_writer_free);
    g_clear_pointer(&files->members_file, repo_writer_free);
    g_string_free(files->line, TRUE);
    if (files->label != NULL)
        g_string_free(files->label, TRUE);
    g_free(files);
}

guint64 create_files_taken(const struct create_files *files)
{
    return files->taken + (files->walker ? seek_writer_size(files->packed) : 0);
}

const char *create_files_now(const struct create_files *files)
{
    return files->name;
}

bool create_files_label(const struct create_files *files, struct base_backup_label *ret_label,
                        GError **error)
{
    if (files->label != NULL)
        return base_backup_label_parse(files->label->str, files->label->len, ret_label, error);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the server's backup has no backup_label");
    return false;
}

gint64 create_files_clock(const struct create_files *files)
{
    if (files->label == NULL)
        return 0;
    /* The seconds of a file's time are cut off. */
    return files->server_us + G_USEC_PER_SEC + (g_get_monotonic_time() - files->heard_us);
}

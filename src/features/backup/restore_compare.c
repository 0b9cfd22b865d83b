#include "restore_compare.h"

#include "error.h"
#include "interrupt.h"
#include "restore_file.h"
#include "restore_old.h"
#include "restore_place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_US = 100000 };

/* ---- what is as it should be --------------------------------------------------------------- */

struct comparison {
    const struct compare_plan *plan;
    GPtrArray *files; /* of struct manifest_file, largest first */
    GMutex lock;
    GCond changed;
    guint next, working;
    guint64 done;
    bool stopped;
    struct compare_result *result;
};

/* Where a name of the manifest lies. Caller frees. */
static char *path_of(const struct compare_plan *plan, const char *name)
{
    const char *rest = name + strlen("pg_tblspc/");

    if (g_str_has_prefix(name, "pg_tblspc/")) {
        g_autofree char *link = g_strndup(name, (gsize) (rest - name) + strcspn(rest, "/"));
        const char *place = g_hash_table_lookup(plan->places, link);
        if (place != NULL)
            return g_build_filename(place, name + strlen(link), NULL);
    }
    return g_build_filename(plan->folder, name, NULL);
}

static gpointer compare_main(gpointer data)
{
    struct comparison *comparison = data;

    g_mutex_lock(&comparison->lock);
    while (!comparison->stopped && comparison->next < comparison->files->len) {
        struct manifest_file *file = comparison->files->pdata[comparison->next++];
        g_mutex_unlock(&comparison->lock);
        g_autofree char *path = path_of(comparison->plan, file->path);
        bool fits = manifest_file_fits(file, path);
        g_mutex_lock(&comparison->lock);
        comparison->done += file->size;
        if (fits) {
            g_hash_table_add(comparison->result->kept, file->path);
            comparison->result->kept_bytes += file->size;
        }
    }
    comparison->working--;
    g_cond_broadcast(&comparison->changed);
    g_mutex_unlock(&comparison->lock);
    return NULL;
}

static gint larger_first(gconstpointer left, gconstpointer right)
{
    const struct manifest_file *const *a = left, *const *b = right;

    return (*a)->size < (*b)->size ? 1 : (*a)->size > (*b)->size ? -1 : 0;
}

/* With the lock held. */
static void watch(struct comparison *comparison, guint64 total)
{
    const struct compare_plan *plan = comparison->plan;

    while (comparison->working > 0) {
        g_cond_wait_until(&comparison->changed, &comparison->lock,
                          g_get_monotonic_time() + LOOK_US);
        comparison->stopped = comparison->stopped || interrupt_pending();
        guint64 done = comparison->done;
        g_mutex_unlock(&comparison->lock);
        if (plan->progress != NULL)
            plan->progress(done, total, plan->data);
        g_mutex_lock(&comparison->lock);
    }
}

static guint64 files_gather(const struct manifest *manifest, GPtrArray *files)
{
    GHashTableIter iterator;
    gpointer file;
    guint64 total = 0;

    g_hash_table_iter_init(&iterator, manifest->files);
    while (g_hash_table_iter_next(&iterator, NULL, &file)) {
        /* It is written last of all, whatever it is like. */
        if (g_str_equal(((struct manifest_file *) file)->path, RESTORE_CONTROL))
            continue;
        g_ptr_array_add(files, file);
        total += ((struct manifest_file *) file)->size;
    }
    g_ptr_array_sort(files, larger_first);
    return total;
}

bool compare_files(const struct compare_plan *plan, struct compare_result *result,
                   GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    struct comparison comparison = {.plan = plan, .files = files, .result = result};
    guint count = MAX(plan->jobs, 1);
    g_autofree GThread **threads = g_new0(GThread *, count);
    guint64 total = files_gather(plan->manifest, files);

    g_mutex_init(&comparison.lock);
    g_cond_init(&comparison.changed);
    comparison.working = count;
    for (guint i = 0; i < count; i++)
        threads[i] = g_thread_new("compare", compare_main, &comparison);
    g_mutex_lock(&comparison.lock);
    watch(&comparison, total);
    g_mutex_unlock(&comparison.lock);
    for (guint i = 0; i < count; i++)
        g_thread_join(threads[i]);
    g_mutex_clear(&comparison.lock);
    g_cond_clear(&comparison.changed);
    if (!comparison.stopped)
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return false;
}

/* ---- what does not belong there ------------------------------------------------------------ */

bool compare_spares(const char *name)
{
    return g_str_equal(name, RESTORE_MARKER) || g_str_equal(name, RESTORE_CONTROL) ||
           g_str_equal(name, RESTORE_CONTROL_BEFORE) || g_str_equal(name, "pg_wal") ||
           g_str_has_prefix(name, "pg_wal/") || g_str_equal(name, "pg_tblspc") ||
           g_str_equal(name, "lost+found");
}

struct sweep {
    const struct compare_plan *plan;
    struct compare_result *result;
    GError **error;
};

static bool sweep_folder(struct sweep *sweep, const char *path, const char *name);

/* A file or link goes when the manifest does not have it. */
static bool sweep_entry(struct sweep *sweep, const char *path, const char *name)
{
    struct stat status;

    if (compare_spares(name))
        return true;
    if (lstat(path, &status) != 0)
        return errno == ENOENT || restore_file_failed("look at", path, errno, sweep->error);
    if (S_ISDIR(status.st_mode)) {
        if (!sweep_folder(sweep, path, name))
            return false;
        /* The archive brings back those that it has. What is left of a replication slot would keep
         * the server from starting. */
        (void) rmdir(path);
        return true;
    }
    if (g_hash_table_contains(sweep->plan->manifest->files, name))
        return true;
    if (S_ISLNK(status.st_mode) && restore_old_link_stays(sweep->plan->manifest, name))
        return true;
    if (unlink(path) != 0)
        return restore_file_failed("remove", path, errno, sweep->error);
    sweep->result->removed++;
    return true;
}

static bool sweep_folder(struct sweep *sweep, const char *path, const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    bool good = true;

    if (folder == NULL)
        return restore_file_failed("read", path, errno, sweep->error);
    for (const char *entry; good && (entry = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *below = g_build_filename(path, entry, NULL);
        g_autofree char *full = name[0] ? g_strconcat(name, "/", entry, NULL) : g_strdup(entry);
        good = sweep_entry(sweep, below, full);
    }
    return good;
}

bool compare_remove(const struct compare_plan *plan, struct compare_result *result,
                    GError **error)
{
    struct sweep sweep = {plan, result, error};
    GHashTableIter iterator;
    gpointer link, place;
    g_autofree char *prefix = g_strdup_printf("PG_%d_", plan->major);

    if (!sweep_folder(&sweep, plan->folder, ""))
        return false;
    g_hash_table_iter_init(&iterator, plan->places);
    while (g_hash_table_iter_next(&iterator, &link, &place)) {
        g_autoptr(GDir) folder = g_dir_open(place, 0, NULL);
        for (const char *entry; folder && (entry = g_dir_read_name(folder)) != NULL;) {
            g_autofree char *path = g_build_filename(place, entry, NULL);
            g_autofree char *name = g_build_filename(link, entry, NULL);
            if (g_str_has_prefix(entry, prefix) && !sweep_folder(&sweep, path, name))
                return false;
        }
    }
    return true;
}

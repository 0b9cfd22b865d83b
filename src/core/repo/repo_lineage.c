/* One cluster's part of the repository, and the locks on it. */
#include "repo_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_system(const char *name)
{
    gsize length = strlen(name);
    return length > 0 && length <= 20 && strspn(name, "0123456789") == length;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

char **repo_systems(const struct repo *repo, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(repo->path, 0, &cause);
    if (dir == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not read the repository: %s",
                          cause->message);
        return NULL;
    }
    g_autoptr(GPtrArray) systems = g_ptr_array_new();
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (is_system(name))
            g_ptr_array_add(systems, g_strdup(name));
    }
    g_ptr_array_sort(systems, compare_names);
    g_ptr_array_add(systems, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&systems), FALSE);
}

/* The only system there is; caller frees. */
static char *only_system(const struct repo *repo, GError **error)
{
    g_auto(GStrv) systems = repo_systems(repo, error);
    if (systems == NULL)
        return NULL;
    if (systems[0] != NULL && systems[1] == NULL)
        return g_strdup(systems[0]);
    if (systems[0] == NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED, "`pgrunbook backup create` makes the first",
                          "the repository \"%s\" holds no backup and no WAL", repo->path);
    } else {
        g_autofree char *names = g_strjoinv(", ", systems);
        runbook_error_set(
            error, RUNBOOK_USAGE, "name one with --system, or in the setting backup.system",
            "the repository \"%s\" holds several clusters: %s", repo->path, names);
    }
    return NULL;
}

static bool make_folders(const struct lineage *lineage, GError **error)
{
    g_autofree char *wal = g_build_filename(lineage->path, "wal", NULL);
    return repo_folder_make(lineage->path, error) && repo_folder_make(wal, error) &&
           repo_folder_make(lineage->backups, error);
}

struct lineage *lineage_open(struct repo *repo, const char *system, bool create, GError **error)
{
    g_autofree char *only = system == NULL ? only_system(repo, error) : NULL;
    if (system == NULL && only == NULL)
        return NULL;
    const char *name = system != NULL ? system : only;
    if (!is_system(name)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "\"%s\" is no system identifier", name);
        return NULL;
    }
    AUTO(lineage) lineage = g_new0(struct lineage, 1);
    lineage->repo = repo;
    lineage->system = g_strdup(name);
    lineage->path = g_build_filename(repo->path, name, NULL);
    lineage->backups = g_build_filename(lineage->path, "backups", NULL);
    lineage->locks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (create && !make_folders(lineage, error))
        return NULL;
    if (!create && !g_file_test(lineage->path, G_FILE_TEST_IS_DIR)) {
        runbook_error_set(error, RUNBOOK_REFUSED, "`pgrunbook backup create` makes the first",
                          "the repository \"%s\" holds nothing of the cluster %s", repo->path,
                          name);
        return NULL;
    }
    return g_steal_pointer(&lineage);
}

void lineage_close(struct lineage *lineage)
{
    if (lineage == NULL)
        return;
    GHashTableIter each;
    gpointer descriptor;
    g_hash_table_iter_init(&each, lineage->locks);
    while (g_hash_table_iter_next(&each, NULL, &descriptor))
        close(GPOINTER_TO_INT(descriptor) - 1);
    g_hash_table_unref(lineage->locks);
    g_free(lineage->system);
    g_free(lineage->path);
    g_free(lineage->backups);
    g_free(lineage);
}

const char *lineage_system(const struct lineage *lineage)
{
    return lineage->system;
}

const char *lineage_path(const struct lineage *lineage)
{
    return lineage->path;
}

const struct repo_key *lineage_key(const struct lineage *lineage)
{
    return lineage->repo->key;
}

/* ---- locks -------------------------------------------------------------------------------- */

/* Who holds it, as he has written into the file; caller frees. */
static char *holder_of(int fd)
{
    char text[256];
    gssize length = pread(fd, text, sizeof text - 1, 0);
    if (length <= 0)
        return g_strdup("another process");
    text[length] = '\0';
    g_autofree char *valid = g_utf8_make_valid(g_strchomp(text), -1);
    return g_strdelimit(g_steal_pointer(&valid), "\n", ' ');
}

static void sign(int fd)
{
    g_autofree char *text =
        g_strdup_printf("process %d on %s\n", (int) getpid(), g_get_host_name());
    gsize length = strlen(text);
    /* For a message only: whether it could be written is of no matter. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, length, 0) != (gssize) length)
        return;
}

/* Locks of the open file, not of the process: two lineages in one process exclude each other too,
 * and whether one is held can be asked without taking it. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

bool lineage_lock(struct lineage *lineage, const char *what, GError **error)
{
    if (g_hash_table_contains(lineage->locks, what))
        return true;
    g_autofree char *path = g_build_filename(lineage->path, what, NULL);
    int fd = repo_folder_lock_file(lineage->path, what);
    if (fd < 0) {
        runbook_error_set(
            error, RUNBOOK_FAILED,
            errno == EACCES ? "the repository must belong to the user that writes it" : NULL,
            "could not open \"%s\": %s", path, g_strerror(errno));
        return false;
    }
    struct flock lock = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        int code = errno;
        g_autofree char *holder = holder_of(fd);
        close(fd);
        if (code == EAGAIN || code == EACCES)
            runbook_error_set(error, RUNBOOK_REFUSED, "wait until it has ended",
                              "%s is at work on \"%s\" of the cluster %s (%s)", holder,
                              lineage->repo->path, lineage->system, what);
        else
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not lock \"%s\": %s", path,
                              g_strerror(code));
        return false;
    }
    sign(fd);
    g_hash_table_insert(lineage->locks, g_strdup(what), GINT_TO_POINTER(fd + 1));
    return true;
}

bool lineage_locked(const struct lineage *lineage, const char *what)
{
    if (g_hash_table_contains(lineage->locks, what))
        return false;
    g_autofree char *path = g_build_filename(lineage->path, what, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct flock lock = whole_file();
    bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return held;
}

/* ---- backups in use ------------------------------------------------------------------------ */

/* Of the two copies of the manifest one may be lost. -1: neither is there. */
static int open_manifest(const struct repo_backup *backup)
{
    static const char *const names[] = {REPO_MANIFEST, REPO_MANIFEST_COPY};
    int fd = -1;
    for (guint i = 0; i < G_N_ELEMENTS(names) && fd < 0; i++) {
        g_autofree char *path = g_build_filename(backup->folder, names[i], NULL);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

bool lineage_backup_use(const struct lineage *lineage, const struct repo_backup *backup,
                        GError **error)
{
    if (g_hash_table_contains(lineage->locks, backup->id))
        return true;
    int fd = open_manifest(backup);
    struct flock lock = whole_file();
    lock.l_type = F_RDLCK;
    if (fd < 0 && errno == ENOENT) {
        runbook_error_set(error, RUNBOOK_REFUSED, "try again: it goes on with another one",
                          "backup %s was expired in this moment", backup->id);
        return false;
    }
    if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not lock \"%s\": %s",
                          backup->folder, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    g_hash_table_insert(lineage->locks, g_strdup(backup->id), GINT_TO_POINTER(fd + 1));
    return true;
}

bool lineage_backup_used(const struct lineage *lineage, const struct repo_backup *backup)
{
    if (g_hash_table_contains(lineage->locks, backup->id))
        return false;
    int fd = open_manifest(backup);
    struct flock lock = whole_file();
    bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (fd >= 0)
        close(fd);
    return held;
}

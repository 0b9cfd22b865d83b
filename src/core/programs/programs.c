#include "programs/programs.h"

#include "error.h"

#include <glib/gstdio.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where distributions keep them: the folder "bin" of each folder here whose name begins so. */
static const struct {
    const char *root, *prefix;
} PLACES[] = {
    {"/usr/lib/postgresql", ""}, /* Debian, Ubuntu */
    {"/usr", "pgsql-"},          /* PGDG's RPMs */
    {"/usr/lib", "postgresql"},  /* SUSE */
    {"/usr/local", "pgsql"},     /* built from source */
    {"/opt/homebrew/opt", "postgresql"},
};

static void found_free(gpointer data)
{
    struct program_found *found = data;

    g_free(found->path);
    g_free(found);
}

/* ---- pure --------------------------------------------------------------------------------- */

int programs_major(const char *name, const char *version)
{
    g_autofree char *prefix = g_strdup_printf("%s (PostgreSQL) ", name);

    if (!g_str_has_prefix(version, prefix))
        return 0;
    return (int) g_ascii_strtoll(version + strlen(prefix), NULL, 10);
}

static bool fits(const struct program_found *found, int least, int most)
{
    return found->major > 0 && found->major >= least && (most == 0 || found->major <= most);
}

const struct program_found *programs_choose(const GPtrArray *found, int least, int most)
{
    const struct program_found *best = NULL;

    for (guint i = 0; i < found->len; i++) {
        const struct program_found *candidate = found->pdata[i];
        if (!fits(candidate, least, most))
            continue;
        if (best == NULL || (candidate->preferred && !best->preferred) ||
            (candidate->preferred == best->preferred && candidate->major > best->major))
            best = candidate;
    }
    return best;
}

/* Debian has the client's programs in a package of their own. */
static bool is_of_client(const char *name)
{
    static const char *const names[] = {"pg_dump",       "pg_dumpall", "pg_restore", "psql",
                                        "pg_basebackup", "pg_isready", "pg_amcheck", NULL};

    return g_strv_contains(names, name);
}

char *programs_advice(const char *name, int least, int most)
{
    const char *package = is_of_client(name) ? "postgresql-client" : "postgresql";

    if (least == 0)
        return g_strdup_printf("install %s, or say in backup.bindir where the program is",
                               package);
    return g_strdup_printf("install %s-%d%s (Debian and Ubuntu: from apt.postgresql.org where "
                           "the distribution has no such version), or say in backup.bindir "
                           "where the program is",
                           package, least, most == 0 ? " or newer" : "");
}

/* ---- looking ------------------------------------------------------------------------------ */

/* Debian's /usr/bin/pg_dump chooses a version by cluster, not by what we need; the programs
 * themselves lie elsewhere. */
static bool is_wrapper(const char *path)
{
    g_autofree char *real = realpath(path, NULL);
    g_autofree char *base = real ? g_path_get_basename(real) : NULL;

    return g_strcmp0(base, "pg_wrapper") == 0;
}

static int ask_major(const char *path, const char *name)
{
    g_autofree char *program = g_strdup(path);
    char *arguments[] = {program, (char[]){"--version"}, NULL};
    g_autofree char *said = NULL;

    if (!g_spawn_sync(NULL, arguments, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &said,
                      NULL, NULL, NULL))
        return 0;
    return programs_major(name, said);
}

static bool known(const GPtrArray *found, const char *path)
{
    for (guint i = 0; i < found->len; i++)
        if (strcmp(((const struct program_found *) found->pdata[i])->path, path) == 0)
            return true;
    return false;
}

static void look_in(GPtrArray *found, const char *folder, const char *name, bool preferred)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (access(path, X_OK) != 0 || g_file_test(path, G_FILE_TEST_IS_DIR) || is_wrapper(path) ||
        known(found, path))
        return;
    struct program_found *one = g_new0(struct program_found, 1);
    one->major = ask_major(path, name);
    one->preferred = preferred;
    one->path = g_steal_pointer(&path);
    g_ptr_array_add(found, one);
}

static void look_below(GPtrArray *found, const char *root, const char *prefix, const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(root, 0, NULL);
    const char *entry;

    while (folder != NULL && (entry = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(root, entry, "bin", NULL);
        if (g_str_has_prefix(entry, prefix))
            look_in(found, path, name, false);
    }
}

static GPtrArray *look(const char *name, const char *bindir)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(found_free);
    const char *path = g_getenv("PATH");
    g_auto(GStrv) folders = g_strsplit(path ? path : "", ":", -1);

    if (bindir != NULL && bindir[0] != '\0')
        look_in(found, bindir, name, true);
    for (char **folder = folders; *folder != NULL; folder++)
        if ((*folder)[0] == '/')
            look_in(found, *folder, name, false);
    for (gsize i = 0; i < G_N_ELEMENTS(PLACES); i++)
        look_below(found, PLACES[i].root, PLACES[i].prefix, name);
    return found;
}

/* ---- refusing ----------------------------------------------------------------------------- */

static char *wanted(int least, int most)
{
    if (least == 0 && most == 0)
        return g_strdup("");
    if (least == most)
        return g_strdup_printf(" of version %d", least);
    if (most == 0)
        return g_strdup_printf(" of version %d or newer", least);
    if (least == 0)
        return g_strdup_printf(" up to version %d", most);
    return g_strdup_printf(" of version %d to %d", least, most);
}

static char *listed(const GPtrArray *found)
{
    GString *list = g_string_new(NULL);

    for (guint i = 0; i < found->len; i++) {
        const struct program_found *one = found->pdata[i];
        if (one->major == 0)
            continue;
        g_string_append_printf(list, "%s%s (%d)", list->len > 0 ? ", " : "", one->path,
                               one->major);
    }
    return g_string_free(list, FALSE);
}

char *programs_find(const char *name, int least, int most, const char *bindir, int *ret_major,
                    GError **error)
{
    g_autoptr(GPtrArray) found = look(name, bindir);
    const struct program_found *chosen = programs_choose(found, least, most);

    if (chosen != NULL) {
        if (ret_major != NULL)
            *ret_major = chosen->major;
        return g_strdup(chosen->path);
    }
    g_autofree char *versions = wanted(least, most);
    g_autofree char *there = listed(found);
    g_autofree char *advice = programs_advice(name, least, most);
    if (there[0] != '\0')
        runbook_error_set(error, RUNBOOK_REFUSED, advice,
                          "there is no %s%s on this machine\ndetail: found: %s", name, versions,
                          there);
    else
        runbook_error_set(error, RUNBOOK_REFUSED, advice, "there is no %s%s on this machine",
                          name, versions);
    return NULL;
}

/* ---- this one ------------------------------------------------------------------------------ */

char *programs_self_of(const char *link)
{
    static const char gone[] = " (deleted)";
    gsize length = strlen(link);

    return g_strndup(link, g_str_has_suffix(link, gone) ? length - strlen(gone) : length);
}

char *programs_self(void)
{
    g_autofree char *link = g_file_read_link("/proc/self/exe", NULL);

    return link != NULL ? programs_self_of(link) : g_strdup("pgrunbook");
}

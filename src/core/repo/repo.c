/* Opening a repository: its folder, its own description, its key. */
#include "repo/repo.h"

#include "repo_internal.h"
#include "repo_private.h"
#include "repo_seal.h"
#include "settings/settings.h"

#include <string.h>

#define ABOUT      "repository.json"
#define ABOUT_COPY "repository.copy.json"
#define ENCRYPTION "aes-256-gcm"

enum { FORMAT = 1 };

/* ---- what it says of itself --------------------------------------------------------------- */

static char *about_text(const struct repo_key *key)
{
    g_autofree char *check = key == NULL ? NULL : repo_key_check(key);
    return repo_seal(json_pack("{s:i, s:s, s:I, s:s?, s:s?}", "format", FORMAT, "program",
                               "pgrunbook " RUNBOOK_VERSION, "created_us",
                               (json_int_t) g_get_real_time(), "encryption",
                               key == NULL ? NULL : ENCRYPTION, "key_check", check));
}

/* One of the two copies; NULL: *ret_missing, or an error. */
static json_t *read_about(const struct repo *repo, const char *name, bool *ret_missing,
                          GError **error)
{
    gsize length;
    g_autofree char *path = g_build_filename(repo->path, name, NULL);
    g_autofree char *text = repo_file_read(path, NULL, &length, ret_missing, error);
    return text == NULL ? NULL : repo_unseal(text, length, path, error);
}

/* A key in the settings of a repository that has none would let its owner believe that it is
 * encrypted. */
static bool key_fits(const struct repo *repo, const json_t *about, GError **error)
{
    const char *encryption = repo_seal_text(about, "encryption");
    const char *hint = "see the settings backup.key_file and backup.key_command";
    if (repo_seal_int(about, "format") > FORMAT ||
        (encryption != NULL && strcmp(encryption, ENCRYPTION) != 0)) {
        runbook_error_set(error, RUNBOOK_REFUSED, "use a newer pgrunbook",
                          "the repository \"%s\" is of a newer format", repo->path);
        return false;
    }
    if (encryption == NULL && repo->key != NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "take the key out of the settings, or begin a new repository with it",
                          "the repository \"%s\" is not encrypted, but a key is named for it",
                          repo->path);
        return false;
    }
    if (encryption == NULL)
        return true;
    if (repo->key == NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED, hint,
                          "the repository \"%s\" is encrypted, and there is no key",
                          repo->path);
        return false;
    }
    g_autofree char *check = repo_key_check(repo->key);
    if (g_strcmp0(check, repo_seal_text(about, "key_check")) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, hint,
                      "the key is not the one of the repository \"%s\"", repo->path);
    return false;
}

/* The good copy is written over the one that is not there or damaged. */
static bool heal(const struct repo *repo, const char *from, const char *to, GError **error)
{
    gsize length;
    g_autofree char *path = g_build_filename(repo->path, from, NULL);
    g_autofree char *text = repo_file_read(path, NULL, &length, NULL, error);
    return text != NULL && repo_file_write(repo->path, to, NULL, text, length, error);
}

/* ---- beginning one ------------------------------------------------------------------------ */

/* Nothing in it but what a file system or a run that died left there. */
static bool folder_is_empty(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (strcmp(name, "lost+found") != 0 && !g_str_has_prefix(name, REPO_TEMPORARY))
            return false;
    }
    return dir != NULL;
}

static bool begin(const struct repo *repo, GError **error)
{
    bool there = g_file_test(repo->path, G_FILE_TEST_EXISTS);
    if (there && !folder_is_empty(repo->path)) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "name a folder that is empty or not there yet",
                          "\"%s\" is no repository, and there is something in it", repo->path);
        return false;
    }
    if (!there && !repo_folder_make(repo->path, error))
        return false;
    /* Two may begin it at the same time: the first one's description stays. */
    g_autofree char *text = about_text(repo->key);
    AUTO(repo_writer) writer = repo_writer_new(repo->path, NULL, error);
    return writer != NULL && repo_writer_put(writer, text, strlen(text), error) &&
           repo_writer_end(writer, error) &&
           repo_writer_show(writer, ABOUT, true, NULL, error) &&
           heal(repo, ABOUT, ABOUT_COPY, error);
}

/* ---- opening ------------------------------------------------------------------------------ */

static json_t *find_about(struct repo *repo, bool create, GError **error)
{
    bool missing, copy_missing;
    g_autoptr(GError) cause = NULL;
    json_t *about = read_about(repo, ABOUT, &missing, &cause);
    json_t *copy = read_about(repo, ABOUT_COPY, &copy_missing, NULL);
    if (about == NULL && copy == NULL && missing && copy_missing) {
        if (create)
            return begin(repo, error) ? find_about(repo, false, error) : NULL;
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "is its file system mounted? `pgrunbook backup create` begins a new "
                          "repository",
                          "\"%s\" is no repository: there is no " ABOUT " in it", repo->path);
        return NULL;
    }
    if (about == NULL && copy == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    if (about == NULL)
        repo->trouble = g_strdup(cause->message);
    else if (copy == NULL && !copy_missing)
        repo->trouble = g_strdup_printf("\"%s/" ABOUT_COPY "\" is damaged", repo->path);
    bool ok = !create || (about != NULL && copy != NULL) ||
              heal(repo, about != NULL ? ABOUT : ABOUT_COPY, about != NULL ? ABOUT_COPY : ABOUT,
                   error);
    if (about == NULL)
        about = g_steal_pointer(&copy);
    json_decref(copy);
    if (!ok)
        g_clear_pointer(&about, json_decref);
    return about;
}

struct repo *repo_open(const struct settings *settings, bool create, GError **error)
{
    const char *path = settings_string(settings, "backup.repo");
    if (path == NULL || *path == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE, "--repo DIR, or the setting backup.repo",
                          "no repository is named");
        return NULL;
    }
    const char *file = settings_string(settings, "backup.key_file");
    const char *command = settings_string(settings, "backup.key_command");
    AUTO(repo) repo = g_new0(struct repo, 1);
    repo->path = g_canonicalize_filename(path, NULL);
    bool none = false;
    repo->key = repo_key_load(file, command, &none, error);
    if (repo->key == NULL && !none)
        return NULL;

    json_t *about = find_about(repo, create, error);
    bool ok = about != NULL && key_fits(repo, about, error);
    json_decref(about);
    return ok ? g_steal_pointer(&repo) : NULL;
}

void repo_close(struct repo *repo)
{
    if (repo == NULL)
        return;
    repo_key_free(repo->key);
    g_free(repo->path);
    g_free(repo->trouble);
    g_free(repo);
}

const char *repo_path(const struct repo *repo)
{
    return repo->path;
}

const struct repo_key *repo_key_of(const struct repo *repo)
{
    return repo->key;
}

const char *repo_trouble(const struct repo *repo)
{
    return repo->trouble;
}

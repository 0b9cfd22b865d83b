/*
 * Which files there are, and their texts.
 */
#include "error.h"
#include "settings/settings_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_LARGEST = 1 << 20, SHARED_LARGEST = 1 << 22 };

struct text {
    char *name;
    char *bytes;
    gsize length;
};

struct settings_files {
    GArray *texts; /* of struct text, those of higher rank last */
};

static void clear_text(gpointer data)
{
    struct text *text = data;

    g_free(text->name);
    g_free(text->bytes);
}

static struct settings_files *files_new(void)
{
    struct settings_files *files = g_new0(struct settings_files, 1);

    files->texts = g_array_new(FALSE, FALSE, sizeof(struct text));
    g_array_set_clear_func(files->texts, clear_text);
    return files;
}

void settings_files_free(struct settings_files *files)
{
    g_array_unref(files->texts);
    g_free(files);
}

/* The content of a file, up to its largest size; NULL with *ret_errno, 0 when it is larger. Not
 * g_file_get_contents(): that would read /dev/zero to the end. */
static char *load(const char *path, gsize largest, gsize *ret_length, int *ret_errno)
{
    FILE *file = fopen(path, "re");

    *ret_errno = errno;
    if (file == NULL)
        return NULL;
    g_autofree char *text = g_malloc(largest + 1);
    *ret_length = fread(text, 1, largest + 1, file);
    *ret_errno = ferror(file) ? errno : 0;
    bool whole = *ret_errno == 0 && *ret_length <= largest;
    fclose(file);
    return whole ? g_realloc(g_steal_pointer(&text), *ret_length + 1) : NULL;
}

/* Takes the bytes. */
static void add_text(struct settings_files *files, const char *name, char *bytes, gsize length)
{
    struct text *text;

    g_array_set_size(files->texts, files->texts->len + 1);
    text = &g_array_index(files->texts, struct text, files->texts->len - 1);
    text->name = g_strdup(name);
    text->bytes = bytes;
    text->length = length;
}

static bool add_file(struct settings_files *files, const char *path, bool may_be_missing,
                     GError **error)
{
    gsize length = 0;
    int reason = 0;
    char *bytes = load(path, FILE_LARGEST, &length, &reason);

    if (bytes != NULL) {
        add_text(files, path, bytes, length);
        return true;
    }
    if (may_be_missing && (reason == ENOENT || reason == ENOTDIR))
        return true;
    if (reason == 0)
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "configuration file %s is larger than 1 MB", path);
    else
        runbook_error_set(error, RUNBOOK_USAGE,
                          reason == EACCES
                              ? "become a member of the group that may read it, or "
                                "name another file with --config"
                              : NULL,
                          "cannot read configuration file %s: %s", path, g_strerror(reason));
    return false;
}

/* ---- shared ------------------------------------------------------------------------------------ */

/* Each text as its name, NUL, its length in digits, NUL, and its bytes. */
static GString *packed(const struct settings_files *files)
{
    GString *packed = g_string_new(NULL);

    for (guint i = 0; i < files->texts->len; i++) {
        const struct text *text = &g_array_index(files->texts, struct text, i);
        g_string_append_len(packed, text->name, (gssize) strlen(text->name) + 1);
        g_string_append_printf(packed, "%" G_GSIZE_FORMAT, text->length);
        g_string_append_c(packed, '\0');
        g_string_append_len(packed, text->bytes, (gssize) text->length);
    }
    return packed;
}

/* `packed` ends with a NUL behind its length. */
static bool unpack(struct settings_files *files, const char *packed, gsize length)
{
    const char *end = packed + length;

    while (packed < end) {
        const char *digits = packed + strlen(packed) + 1;
        guint64 size;
        if (digits >= end ||
            !g_ascii_string_to_unsigned(digits, 10, 0, FILE_LARGEST, &size, NULL))
            return false;
        const char *bytes = digits + strlen(digits) + 1;
        if (bytes > end || size > (gsize) (end - bytes))
            return false;
        add_text(files, packed, g_memdup2(bytes, size + 1), size);
        packed = bytes + size;
    }
    return true;
}

static bool add_shared(struct settings_files *files, const char *number, GError **error)
{
    g_autofree char *path = g_strconcat("/proc/self/fd/", number, NULL);
    bool plain = number[0] != '\0' && strspn(number, G_CSET_DIGITS) == strlen(number);
    gsize length = 0;
    int reason = 0;
    g_autofree char *bytes = plain ? load(path, SHARED_LARGEST, &length, &reason) : NULL;

    if (bytes != NULL)
        bytes[length] = '\0';
    if (bytes != NULL && unpack(files, bytes, length))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "unset it: only pgrunbook serve sets it",
                      "%s does not name a descriptor with a configuration",
                      SETTINGS_FILES_VARIABLE);
    return false;
}

int settings_files_share(const struct settings_files *files, GError **error)
{
    GString *bytes = packed(files);
    int fd = memfd_create("pgrunbook.conf", MFD_CLOEXEC);
    bool written = fd >= 0 && write(fd, bytes->str, bytes->len) == (gssize) bytes->len;

    if (!written) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot keep the configuration: %s",
                          g_strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    g_string_free(bytes, TRUE);
    return written ? fd : -1;
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct settings_files *settings_files_read(const char *file, GError **error)
{
    AUTO(settings_files) files = files_new();
    const char *shared = g_getenv(SETTINGS_FILES_VARIABLE);
    const char *named = file != NULL ? file : g_getenv("PGRUNBOOK_CONFIG");
    g_autofree char *user =
        g_build_filename(g_get_user_config_dir(), "pgrunbook", "pgrunbook.conf", NULL);
    bool read;

    if (shared != NULL)
        read = add_shared(files, shared, error);
    else if (named != NULL && *named != '\0')
        read = add_file(files, named, false, error);
    else
        read = add_file(files, "/etc/pgrunbook/pgrunbook.conf", true, error) &&
               add_file(files, user, true, error);
    return read ? g_steal_pointer(&files) : NULL;
}

struct settings *settings_files_load(const struct settings_files *files,
                                     const struct setting_table *tables, GError **error)
{
    AUTO(settings) settings = settings_new(tables);

    for (guint i = 0; i < files->texts->len; i++) {
        const struct text *text = &g_array_index(files->texts, struct text, i);
        if (!settings_read(settings, text->name, text->bytes, text->length, error))
            return NULL;
    }
    return settings_sections_check(settings, error) ? g_steal_pointer(&settings) : NULL;
}

struct settings *settings_load(const struct setting_table *tables, const char *file,
                               GError **error)
{
    AUTO(settings_files) files = settings_files_read(file, error);

    return files != NULL ? settings_files_load(files, tables, error) : NULL;
}

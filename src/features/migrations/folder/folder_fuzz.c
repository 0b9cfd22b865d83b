/*
 * Folders of every format. The input is a format's digit, then files: a line "=== NAME", and what
 * follows it. Whatever comes, each script lies in its file and its statements in the script.
 */
#include "folder/folder.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_file(GPtrArray *files, const char *text, const char *end)
{
    const char *line = memchr(text, '\n', (gsize) (end - text));
    struct folder_file *file = g_new0(struct folder_file, 1);
    g_autofree char *name = g_strndup(text, (gsize) ((line != NULL ? line : end) - text));

    file->name = g_utf8_make_valid(name, -1);
    text = line != NULL ? line + 1 : end;
    file->length = (gsize) (end - text);
    file->text = g_malloc(file->length + 1);
    memcpy(file->text, text, file->length);
    file->text[file->length] = '\0';
    g_ptr_array_add(files, file);
}

static void check_script(const struct folder_script *script)
{
    if (script == NULL)
        return;
    g_assert(script->line > 0 && script->file != NULL);
    g_assert(script->text[script->length] == '\0');
    g_assert(script->script->length <= script->length);
    for (guint i = 0; i < script->script->statements->len; i++) {
        const struct sql_statement *at =
            &g_array_index(script->script->statements, struct sql_statement, i);
        g_assert(at->start + at->length <= script->script->length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char mark[] = "\n=== ";
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);
    const char *text = (const char *) data, *end = text + size;

    if (size < 2)
        return 0;
    enum folder_format format = (enum folder_format)(data[0] % (FOLDER_PLAIN + 1));
    text++;
    while (text < end) {
        const char *next = memmem(text, (gsize) (end - text), mark, strlen(mark));
        add_file(files, text, next != NULL ? next : end);
        text = next != NULL ? next + strlen(mark) : end;
    }
    AUTO(folder) folder = folder_of_files("db", files, format, NULL);
    if (folder == NULL)
        return 0;
    g_assert(folder->format != FOLDER_AUTO);
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        g_assert(strlen(migration->hash) == 64 && migration->sum == NULL);
        g_assert(folder_find(folder, migration->version) != NULL);
        check_script(migration->up);
        check_script(migration->down);
    }
    for (guint i = 0; i < folder->problems->len; i++) {
        const struct folder_problem *problem = folder->problems->pdata[i];
        g_assert(problem->file != NULL && problem->message[0] != '\0');
    }
    return 0;
}

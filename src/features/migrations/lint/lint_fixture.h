/* For tests: folders made of texts, and what lint finds in them as one line. */
#ifndef MIGRATIONS_LINT_FIXTURE_H
#define MIGRATIONS_LINT_FIXTURE_H

#include "lint/lint.h"

#include <string.h>

struct linted {
    struct folder *folder;
    struct ddl_schema *schema;
    struct lint_report *report;
};

static inline void linted_free(struct linted *linted)
{
    lint_report_free(linted->report);
    ddl_schema_free(linted->schema);
    folder_free(linted->folder);
    g_free(linted);
}
AUTO_DEFINE(linted, linted_free)

/* 2026-11-26 */
enum { LINTED_TODAY = 20783 };

/* texts: NAME, TEXT, …, NULL. */
static inline struct linted *lint_texts(int version, const char *const *texts)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);
    g_autoptr(GError) error = NULL;
    struct linted *linted = g_new0(struct linted, 1);

    for (gsize i = 0; texts[i] != NULL; i += 2) {
        struct folder_file *file = g_new0(struct folder_file, 1);
        file->name = g_strdup(texts[i]);
        file->text = g_strdup(texts[i + 1]);
        file->length = strlen(file->text);
        g_ptr_array_add(files, file);
    }
    linted->folder = folder_of_files("db", files, FOLDER_AUTO, &error);
    g_assert_no_error(error);
    linted->schema = ddl_schema_new();
    struct lint_options options = {
        .server_version = version * 10000,
        .schema = linted->schema,
        .today = LINTED_TODAY,
    };
    linted->report = lint_folder(linted->folder, &options);
    return linted;
}

static inline void lint_say(const struct lint_finding *finding, const struct lint_file *file,
                            const struct lint_statement *statement, gpointer data)
{
    GString *text = data;

    (void) file;
    (void) statement;
    if (finding->severity == LINT_NOTE)
        return;
    g_string_append_printf(text, "%s%s%s %s:%u", text->len > 0 ? ", " : "",
                           finding->reason != NULL ? "(ignored) " : "", finding->rule->id,
                           finding->file != NULL ? finding->file : "-", finding->line);
}

/* "RULE FILE:LINE, …" without notes. */
static inline char *lint_said(const struct linted *linted)
{
    GString *text = g_string_new(NULL);

    lint_each(linted->report, lint_say, text);
    return g_string_free(text, FALSE);
}

/* The first finding of the rule; NULL: there is none. */
static inline const struct lint_finding *lint_first(const struct linted *linted,
                                                    const char *rule)
{
    for (guint i = 0; i < linted->report->files->len; i++) {
        const struct lint_file *file = linted->report->files->pdata[i];
        for (guint j = 0; j < file->statements->len; j++) {
            const GPtrArray *findings =
                g_array_index(file->statements, struct lint_statement, j).findings;
            for (guint k = 0; findings != NULL && k < findings->len; k++) {
                const struct lint_finding *finding = findings->pdata[k];
                if (strcmp(finding->rule->id, rule) == 0)
                    return finding;
            }
        }
    }
    return NULL;
}

#endif

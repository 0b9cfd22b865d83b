#include "plan/plan_only.h"

#include "error.h"

#include <string.h>

enum { ITEM_MOST = 1 << 16 }; /* the kernel takes words of 128 KiB */

GHashTable *plan_only_read(const struct options *options)
{
    if (!option_given(options, "only"))
        return NULL;
    GHashTable *only = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (const char *const *value = option_values(options, "only"); *value != NULL; value++) {
        g_auto(GStrv) marks = g_strsplit(*value, ",", -1);
        for (char **mark = marks; *mark != NULL; mark++)
            g_hash_table_add(only, g_strdup(*mark));
    }
    return only;
}

static bool is_mark(const char *mark, bool means)
{
    const char *at = strchr(mark, '@');
    g_autofree char *oid = at != NULL ? g_strndup(mark, (gsize) (at - mark)) : g_strdup(mark);

    if (strcmp(mark, "none") == 0)
        return true;
    if (means != (at != NULL) ||
        (means && (at[1] == '\0' || at[1 + strspn(at + 1, G_CSET_a_2_z "_")] != '\0')))
        return false;
    return g_ascii_string_to_unsigned(oid, 10, 1, G_MAXUINT32, NULL, NULL);
}

static bool accepts(const struct options *options, bool means, GError **error)
{
    for (const char *const *value = option_values(options, "only"); *value != NULL; value++) {
        g_auto(GStrv) marks = g_strsplit(*value, ",", -1);
        char **mark = marks;
        while (*mark != NULL && is_mark(*mark, means))
            mark++;
        if (*mark == NULL && marks[0] != NULL)
            continue;
        runbook_error_set(error, RUNBOOK_USAGE,
                          "\"only\" in the document of --dry-run --json has such marks",
                          "\"%s\" is not a mark of what a dry run showed, %s",
                          *mark != NULL ? *mark : "", means ? "OID@MEANS" : "OID");
        return false;
    }
    return true;
}

bool plan_only_accepts_oids(const struct options *options, const char *const *arguments,
                            GError **error)
{
    (void) arguments;
    return accepts(options, false, error);
}

bool plan_only_accepts_means(const struct options *options, const char *const *arguments,
                             GError **error)
{
    (void) arguments;
    return accepts(options, true, error);
}

bool plan_only_has(GHashTable *only, const char *mark)
{
    return only == NULL || g_hash_table_contains(only, mark);
}

bool plan_only_has_oid(GHashTable *only, guint oid)
{
    g_autofree char *mark = g_strdup_printf("%u", oid);

    return plan_only_has(only, mark);
}

struct plan_marks {
    json_t *list;
    GString *item;
};

struct plan_marks *plan_marks_new(void)
{
    struct plan_marks *marks = g_new0(struct plan_marks, 1);

    marks->list = json_array();
    marks->item = g_string_new(NULL);
    return marks;
}

static void end_item(struct plan_marks *marks)
{
    if (marks->item->len > 0)
        json_array_append_new(marks->list, json_string(marks->item->str));
    g_string_truncate(marks->item, 0);
}

void plan_marks_add(struct plan_marks *marks, const char *mark)
{
    if (marks->item->len + strlen(mark) >= ITEM_MOST)
        end_item(marks);
    if (marks->item->len > 0)
        g_string_append_c(marks->item, ',');
    g_string_append(marks->item, mark);
}

void plan_marks_add_oid(struct plan_marks *marks, guint oid)
{
    g_autofree char *mark = g_strdup_printf("%u", oid);

    plan_marks_add(marks, mark);
}

json_t *plan_marks_end(struct plan_marks *marks)
{
    end_item(marks);
    json_t *list = marks->list;
    g_string_free(marks->item, TRUE);
    g_free(marks);
    return list;
}

#include "plan/plan_only.h"

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

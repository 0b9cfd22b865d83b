/* Reading, hashing and comparing. */
#include "rehearse/snapshot.h"

#include "migrations_queries.h"
#include "reading.h"

#include <string.h>

static void item_free(gpointer data)
{
    struct snapshot_item *item = data;

    g_free(item->kind);
    g_free(item->object);
    g_free(item->definition);
    g_free(item);
}

struct snapshot *snapshot_new(void)
{
    struct snapshot *snapshot = g_new0(struct snapshot, 1);

    snapshot->items = g_ptr_array_new_with_free_func(item_free);
    return snapshot;
}

void snapshot_free(struct snapshot *snapshot)
{
    g_ptr_array_unref(snapshot->items);
    g_free(snapshot);
}

void snapshot_add(struct snapshot *snapshot, const char *kind, const char *object,
                  const char *definition)
{
    struct snapshot_item *item = g_new0(struct snapshot_item, 1);

    *item =
        (struct snapshot_item){.kind = g_strdup(kind),
                               .object = g_strdup(object != NULL ? object : ""),
                               .definition = g_strdup(definition != NULL ? definition : "")};
    g_ptr_array_add(snapshot->items, item);
}

/* By kind and object; by definition as well, so that two of one name are always in one order. */
static int compare_names(const struct snapshot_item *a, const struct snapshot_item *b)
{
    int order = strcmp(a->kind, b->kind);

    return order != 0 ? order : strcmp(a->object, b->object);
}

static int compare_items(gconstpointer a, gconstpointer b)
{
    const struct snapshot_item *left = *(struct snapshot_item *const *) a;
    const struct snapshot_item *right = *(struct snapshot_item *const *) b;
    int order = compare_names(left, right);

    return order != 0 ? order : strcmp(left->definition, right->definition);
}

void snapshot_sort(struct snapshot *snapshot)
{
    g_ptr_array_sort(snapshot->items, compare_items);
}

static void take(const struct rows *rows, gpointer data)
{
    snapshot_add(data, rows_text(rows, 0, MIGRATIONS_SNAPSHOT_KIND),
                 rows_text(rows, 0, MIGRATIONS_SNAPSHOT_OBJECT),
                 rows_text(rows, 0, MIGRATIONS_SNAPSHOT_DEFINITION));
}

struct snapshot *snapshot_read(struct session *session, const char *table, GError **error)
{
    AUTO(snapshot) snapshot = snapshot_new();
    const char *const values[] = {table != NULL ? table : ""};

    if (!session_each(session, &query_migrations_snapshot, values, take, snapshot, error))
        return NULL;
    snapshot_sort(snapshot);
    return g_steal_pointer(&snapshot);
}

/* ---- the hash ------------------------------------------------------------------------------ */

static bool is_order(const char *kind)
{
    return g_str_equal(kind, "order of columns");
}

/* With its end, so that no two lists are the same bytes. */
static void digest_text(GChecksum *checksum, const char *text)
{
    g_checksum_update(checksum, (const guchar *) text, (gssize) strlen(text) + 1);
}

char *snapshot_digest(const struct snapshot *snapshot)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (guint i = 0; i < snapshot->items->len; i++) {
        const struct snapshot_item *item = snapshot->items->pdata[i];
        if (is_order(item->kind))
            continue;
        digest_text(checksum, item->kind);
        digest_text(checksum, item->object);
        digest_text(checksum, item->definition);
    }
    return g_strdup(g_checksum_get_string(checksum));
}

struct hashing {
    const char *table;
    char *hash;
};

static bool hash(struct session *session, gpointer data, GError **error)
{
    struct hashing *hashing = data;
    AUTO(snapshot) snapshot = snapshot_read(session, hashing->table, error);

    hashing->hash = snapshot != NULL ? snapshot_digest(snapshot) : NULL;
    return hashing->hash != NULL;
}

char *snapshot_hash(struct session *session, const char *table, GError **error)
{
    struct hashing hashing = {table, NULL};

    reading_patient(session, hash, &hashing, error);
    return hashing.hash;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void add_change(GPtrArray *changes, const struct snapshot_item *named,
                       const struct snapshot_item *before, const struct snapshot_item *after)
{
    struct snapshot_change *change = g_new0(struct snapshot_change, 1);

    *change = (struct snapshot_change){.kind = named->kind,
                                       .object = named->object,
                                       .before = before != NULL ? before->definition : NULL,
                                       .after = after != NULL ? after->definition : NULL,
                                       .matters = !is_order(named->kind)};
    g_ptr_array_add(changes, change);
}

GPtrArray *snapshot_compare(const struct snapshot *before, const struct snapshot *after)
{
    GPtrArray *changes = g_ptr_array_new_with_free_func(g_free);
    guint i = 0, j = 0;

    while (i < before->items->len || j < after->items->len) {
        const struct snapshot_item *left =
            i < before->items->len ? before->items->pdata[i] : NULL;
        const struct snapshot_item *right =
            j < after->items->len ? after->items->pdata[j] : NULL;
        int order = left == NULL ? 1 : right == NULL ? -1 : compare_names(left, right);
        if (order < 0)
            add_change(changes, left, left, NULL);
        else if (order > 0)
            add_change(changes, right, NULL, right);
        else if (strcmp(left->definition, right->definition) != 0)
            add_change(changes, left, left, right);
        i += order <= 0;
        j += order >= 0;
    }
    return changes;
}

char *snapshot_change_text(const struct snapshot_change *change)
{
    if (change->after == NULL)
        return g_strdup_printf("%s %s is gone", change->kind, change->object);
    if (change->before == NULL)
        return g_strdup_printf("%s %s is left over", change->kind, change->object);
    if (!change->matters)
        return g_strdup_printf("the columns of %s are in another order", change->object);
    if (strlen(change->before) + strlen(change->after) > 160)
        return g_strdup_printf("%s %s is not what it was", change->kind, change->object);
    return g_strdup_printf("%s %s is \"%s\", and was \"%s\"", change->kind, change->object,
                           change->after, change->before);
}

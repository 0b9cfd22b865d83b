#include "migrations_evidence.h"

#include <string.h>

struct migrations_evidence {
    GPtrArray *migrations; /* of struct store_migration, owned, oldest first */
    GStringChunk *strings; /* theirs */
};

static const char *copy_of(struct migrations_evidence *evidence, const char *text)
{
    return text != NULL ? g_string_chunk_insert_const(evidence->strings, text) : NULL;
}

static void keep(const struct store_migration *migration, gpointer data)
{
    struct migrations_evidence *evidence = data;
    struct store_migration *copy = g_new(struct store_migration, 1);

    *copy = *migration;
    copy->system = copy_of(evidence, migration->system);
    copy->dbname = copy_of(evidence, migration->dbname);
    copy->ledger = copy_of(evidence, migration->ledger);
    copy->version = copy_of(evidence, migration->version);
    copy->name = copy_of(evidence, migration->name);
    copy->hash = copy_of(evidence, migration->hash);
    copy->direction = copy_of(evidence, migration->direction);
    copy->outcome = copy_of(evidence, migration->outcome);
    copy->forced = copy_of(evidence, migration->forced);
    g_ptr_array_add(evidence->migrations, copy);
}

struct migrations_evidence *migrations_evidence_read(struct store *store, const char *system,
                                                     const char *dbname, const char *ledger)
{
    struct migrations_evidence *evidence = g_new0(struct migrations_evidence, 1);

    evidence->migrations = g_ptr_array_new_with_free_func(g_free);
    evidence->strings = g_string_chunk_new(1024);
    if (system != NULL)
        store_migrations_each(store, system, dbname, ledger, keep, evidence);
    return evidence;
}

void migrations_evidence_free(struct migrations_evidence *evidence)
{
    g_ptr_array_unref(evidence->migrations);
    g_string_chunk_free(evidence->strings);
    g_free(evidence);
}

const struct store_migration *
migrations_evidence_last(const struct migrations_evidence *evidence, const char *version)
{
    for (guint i = evidence->migrations->len; i > 0; i--) {
        const struct store_migration *migration = evidence->migrations->pdata[i - 1];
        if (strcmp(migration->version, version) == 0 && strcmp(migration->outcome, "seen") != 0)
            return migration;
    }
    return NULL;
}

const char *migrations_evidence_hash(const struct migrations_evidence *evidence,
                                     const char *version)
{
    for (guint i = evidence->migrations->len; i > 0; i--) {
        const struct store_migration *migration = evidence->migrations->pdata[i - 1];
        bool held =
            strcmp(migration->outcome, "done") == 0 || strcmp(migration->outcome, "seen") == 0;
        if (strcmp(migration->version, version) != 0 || !held)
            continue;
        return strcmp(migration->direction, "up") == 0 ? migration->hash : NULL;
    }
    return NULL;
}

/*
 * Which means, if any: pure, from facts alone. Each means has a bar, a text that says why it cannot
 * be used here; the first without one is taken, and when there is none the bars are the answer to
 * the question what would help.
 */
#include "bloat_reclaim.h"
#include "units/units.h"

#include <string.h>

enum { LEAST_PAGES = 128, REPACK_SINCE = 190000 };

/* Bytes a second where the history knows none: cautious for one rotating disk. */
static const double CAUTIOUS_RATES[RECLAIM_MEANS] = {
    [RECLAIM_TRUNCATE] = 40.0 * 1024 * 1024, [RECLAIM_REINDEX] = 20.0 * 1024 * 1024,
    [RECLAIM_REPACK] = 10.0 * 1024 * 1024,   [RECLAIM_PG_REPACK] = 10.0 * 1024 * 1024,
    [RECLAIM_FULL] = 20.0 * 1024 * 1024,
};

const char *reclaim_means_name(enum reclaim_means means)
{
    static const char *const names[RECLAIM_MEANS] = {
        "none",      "vacuum_truncate", "reindex_concurrently", "repack_concurrently",
        "pg_repack", "vacuum_full",
    };
    return names[means];
}

const char *reclaim_means_title(enum reclaim_means means)
{
    static const char *const titles[RECLAIM_MEANS] = {
        "none",      "VACUUM (TRUNCATE)", "REINDEX CONCURRENTLY", "REPACK (CONCURRENTLY)",
        "pg_repack", "VACUUM (FULL)",
    };
    return titles[means];
}

/* All but REINDEX take the strongest at their end, if only for a moment. */
const char *reclaim_means_lock(enum reclaim_means means)
{
    return means == RECLAIM_REINDEX ? "ShareUpdateExclusiveLock" : "AccessExclusiveLock";
}

void reclaim_choice_clear(struct reclaim_choice *choice)
{
    g_clear_pointer(&choice->reason, g_free);
}

/* ---- is it worth it ------------------------------------------------------------------------ */

bool reclaim_is_worth(const struct reclaim_rules *rules, int block_size, gint64 size,
                      gint64 free_bytes)
{
    return size >= (gint64) LEAST_PAGES * block_size && free_bytes > 0 &&
           free_bytes >= rules->worth_bytes &&
           (double) free_bytes >= rules->worth_fraction * (double) size;
}

bool reclaim_is_certain(const struct bloat_object *object, char **ret_why)
{
    if (object->margin_pct <= object->reclaimable_pct / 2)
        return true;
    *ret_why = g_strdup_printf("%.0f %% free, give or take %.0f: too uncertain to act on; "
                               "--method exact would tell",
                               object->reclaimable_pct, object->margin_pct);
    return false;
}

/* ---- bars ---------------------------------------------------------------------------------- */

static double seconds_for(const struct reclaim_server *server, enum reclaim_means means,
                          gint64 bytes)
{
    double rate = server->rates[means] > 0 ? server->rates[means] : CAUTIOUS_RATES[means];

    return (double) bytes / rate;
}

static gint64 total_of(const struct reclaim_facts *facts)
{
    return MAX(facts->heap, 0) + MAX(facts->toast_heap, 0) + MAX(facts->indexes, 0);
}

static gint64 free_of(const struct reclaim_bloat *bloat)
{
    return bloat->heap + bloat->toast + bloat->indexes;
}

/* A copy is compact; beside it lie sorts as large as its indexes, or a log of what changes
 * meanwhile. */
static char *disk_bar(const struct reclaim_server *server, const struct reclaim_rules *rules,
                      const struct reclaim_facts *facts, const struct reclaim_bloat *bloat,
                      int copies)
{
    gint64 copy = MAX(total_of(facts) - free_of(bloat), 0);
    g_autofree char *needed = units_format_size(copies * copy);

    if (facts->disk_free >= 0 && facts->disk_free < copies * copy) {
        g_autofree char *there = units_format_size(facts->disk_free);
        return g_strdup_printf("it needs %s of disk, and %s are free", needed, there);
    }
    if (server->wal_free >= 0 && server->wal_free < copy) {
        g_autofree char *wal = units_format_size(copy);
        g_autofree char *there = units_format_size(server->wal_free);
        return g_strdup_printf("it writes %s of WAL, and %s are free there", wal, there);
    }
    if (facts->disk_free < 0 && rules->blind_bytes > 0 && copy > rules->blind_bytes) {
        g_autofree char *limit = units_format_size(rules->blind_bytes);
        return g_strdup_printf(
            "it needs %s of disk; what is free cannot be seen from here, and "
            "bloat.blind_size is %s",
            needed, limit);
    }
    return NULL;
}

static char *truncate_bar(const struct reclaim_server *server,
                          const struct reclaim_facts *facts)
{
    gint64 tail = MAX(facts->tail, 0) + MAX(facts->toast_tail, 0);

    if (tail == 0)
        return g_strdup(facts->tail < 0 && facts->toast_tail < 0
                            ? "its end cannot be looked at: that needs SELECT"
                            : "its end is in use");
    if (server->standbys > 0)
        return g_strdup("a standby that serves reads would cancel its queries");
    return NULL;
}

static char *repack_bar(const struct reclaim_server *server, const struct reclaim_rules *rules,
                        const struct reclaim_facts *facts, const struct reclaim_bloat *bloat)
{
    if (server->version < REPACK_SINCE)
        return g_strdup("the server is older than PostgreSQL 19");
    if (facts->kind != 'r')
        return g_strdup("it is no ordinary table");
    if (facts->persistence != 'p')
        return g_strdup("the table is not logged");
    if (!facts->identity)
        return g_strdup("the table has no primary key and no index as replica identity");
    if (!server->replica_wal)
        return g_strdup("wal_level is minimal");
    if (server->repack_slots == 0)
        return g_strdup("max_repack_replication_slots is 0");
    return disk_bar(server, rules, facts, bloat, 2);
}

/* Before 1.5.2 its functions are the superuser's alone. */
static bool needs_superuser(const char *version)
{
    g_auto(GStrv) parts = g_strsplit(version, ".", 3);
    static const gint64 since[] = {1, 5, 2};

    for (gsize i = 0; i < G_N_ELEMENTS(since); i++) {
        gint64 part = i < g_strv_length(parts) ? g_ascii_strtoll(parts[i], NULL, 10) : 0;
        if (part != since[i])
            return part < since[i];
    }
    return false;
}

static char *program_bar(const struct reclaim_server *server)
{
    if (server->extension == NULL)
        return g_strdup("the extension is not in this database (CREATE EXTENSION pg_repack)");
    if (server->client == NULL)
        return g_strdup(server->client_trouble ? server->client_trouble
                                               : "its program is not installed here");
    if (strcmp(server->client, server->extension) != 0)
        return g_strdup_printf("the program's version is %s, the extension's %s",
                               server->client, server->extension);
    if (!server->superuser && needs_superuser(server->extension))
        return g_strdup_printf("version %s is the superuser's alone", server->extension);
    return NULL;
}

static char *pg_repack_bar(const struct reclaim_server *server,
                           const struct reclaim_rules *rules, const struct reclaim_facts *facts,
                           const struct reclaim_bloat *bloat)
{
    char *bar = program_bar(server);

    if (bar != NULL)
        return bar;
    if (facts->kind != 'r')
        return g_strdup("it is no ordinary table");
    if (facts->persistence != 'p')
        return g_strdup("the table is not logged");
    if (!facts->key)
        return g_strdup(
            "the table has neither a primary key nor a unique index on columns that "
            "are NOT NULL");
    if (server->publication != NULL)
        return g_strdup_printf("its own tables would be published by \"%s\", which is FOR ALL "
                               "TABLES",
                               server->publication);
    if (facts->repacking)
        return g_strdup("one is at work on the table");
    if (facts->leftover)
        return g_strdup("an earlier one left its trigger on the table");
    return disk_bar(server, rules, facts, bloat, 2);
}

static char *full_bar(const struct reclaim_server *server, const struct reclaim_rules *rules,
                      const struct reclaim_facts *facts, const struct reclaim_bloat *bloat)
{
    if (!rules->allow_exclusive) {
        g_autofree char *time =
            units_format_duration(seconds_for(server, RECLAIM_FULL, total_of(facts)));
        return g_strdup_printf(
            "needs --allow-exclusive-lock, and closes the table for about %s", time);
    }
    return disk_bar(server, rules, facts, bloat, 1);
}

/* ---- a table ----------------------------------------------------------------------------------- */

static char *share_text(const struct reclaim_facts *facts, const struct reclaim_bloat *bloat)
{
    gint64 size = MAX(facts->heap, 0) + MAX(facts->toast_heap, 0);
    g_autofree char *won = units_format_size(bloat->heap + bloat->toast);
    g_autofree char *whole = units_format_size(size);

    return g_strdup_printf("%s of %s are free", won, whole);
}

/* What VACUUM would cut off leaves nothing behind that is worth more trouble. */
static bool tail_is_enough(const struct reclaim_server *server,
                           const struct reclaim_rules *rules, const struct reclaim_facts *facts,
                           const struct reclaim_bloat *bloat)
{
    gint64 tail = MAX(facts->tail, 0), toast_tail = MAX(facts->toast_tail, 0);

    return !reclaim_is_worth(rules, server->block_size, facts->heap - tail,
                             bloat->heap - tail) &&
           !reclaim_is_worth(rules, server->block_size, facts->toast_heap - toast_tail,
                             bloat->toast - toast_tail);
}

static struct reclaim_choice chosen(const struct reclaim_server *server,
                                    const struct reclaim_facts *facts,
                                    const struct reclaim_bloat *bloat, enum reclaim_means means)
{
    struct reclaim_choice choice = {.means = means, .expected_bytes = free_of(bloat)};
    g_autofree char *share = share_text(facts, bloat);
    gint64 bytes = total_of(facts);

    if (means == RECLAIM_TRUNCATE) {
        choice.expected_bytes = MAX(facts->tail, 0) + MAX(facts->toast_tail, 0);
        bytes = MAX(facts->heap, 0) + MAX(facts->toast_heap, 0);
    }
    choice.predicted_seconds = seconds_for(server, means, bytes);
    if (means == RECLAIM_FULL) {
        choice.closed_seconds = choice.predicted_seconds;
        g_autofree char *time = units_format_duration(choice.closed_seconds);
        choice.reason =
            g_strdup_printf("%s; nobody can use the table for about %s", share, time);
    } else if (means == RECLAIM_TRUNCATE) {
        g_autofree char *tail = units_format_size(choice.expected_bytes);
        choice.reason = g_strdup_printf("%s, %s at the end", share, tail);
    } else {
        choice.reason = g_steal_pointer(&share);
    }
    return choice;
}

/* The end alone, because the rest cannot be had; bars: why. */
static struct reclaim_choice only_tail(const struct reclaim_server *server,
                                       const struct reclaim_facts *facts,
                                       const struct reclaim_bloat *bloat, const char *bars)
{
    struct reclaim_choice choice = chosen(server, facts, bloat, RECLAIM_TRUNCATE);
    char *reason = g_strdup_printf("%s; for the rest: %s", choice.reason, bars);

    g_free(choice.reason);
    choice.reason = reason;
    return choice;
}

static void append_bar(GString *bars, enum reclaim_means means, char *bar)
{
    g_string_append_printf(bars, "%s%s: %s", bars->len > 0 ? "; " : "",
                           reclaim_means_title(means), bar);
    g_free(bar);
}

/* The first that is not barred; RECLAIM_NOTHING with all the bars. */
static enum reclaim_means first_rewrite(const struct reclaim_server *server,
                                        const struct reclaim_rules *rules,
                                        const struct reclaim_facts *facts,
                                        const struct reclaim_bloat *bloat, GString *bars)
{
    typedef char *bar_of(const struct reclaim_server *server, const struct reclaim_rules *rules,
                         const struct reclaim_facts *facts, const struct reclaim_bloat *bloat);
    static const struct {
        enum reclaim_means means;
        bar_of *bar;
    } rewrites[] = {
        {RECLAIM_REPACK, repack_bar},
        {RECLAIM_PG_REPACK, pg_repack_bar},
        {RECLAIM_FULL, full_bar},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rewrites); i++) {
        char *bar = rewrites[i].bar(server, rules, facts, bloat);
        if (bar == NULL)
            return rewrites[i].means;
        /* On older servers it goes without saying. */
        if (rewrites[i].means == RECLAIM_REPACK && server->version < REPACK_SINCE)
            g_free(bar);
        else
            append_bar(bars, rewrites[i].means, bar);
    }
    return RECLAIM_NOTHING;
}

static struct reclaim_choice nothing(char *reason, bool forbidden)
{
    return (struct reclaim_choice){.reason = reason, .forbidden = forbidden};
}

struct reclaim_choice reclaim_decide_table(const struct reclaim_server *server,
                                           const struct reclaim_rules *rules,
                                           const struct reclaim_facts *facts,
                                           const struct reclaim_bloat *bloat)
{
    g_autoptr(GString) bars = g_string_new(NULL);

    if (!facts->there)
        return nothing(g_strdup("dropped since it was observed"), false);
    if (facts->lack != NULL)
        return nothing(g_strdup(facts->lack), true);
    if (facts->heap < 0)
        return nothing(facts->holder ? g_strdup_printf("locked: %s", facts->holder)
                                     : g_strdup("locked"),
                       false);
    g_autofree char *no_cut = truncate_bar(server, facts);
    if (no_cut == NULL && tail_is_enough(server, rules, facts, bloat))
        return chosen(server, facts, bloat, RECLAIM_TRUNCATE);
    enum reclaim_means means = first_rewrite(server, rules, facts, bloat, bars);
    if (means != RECLAIM_NOTHING)
        return chosen(server, facts, bloat, means);
    if (no_cut == NULL && MAX(facts->tail, 0) + MAX(facts->toast_tail, 0) >= rules->worth_bytes)
        return only_tail(server, facts, bloat, bars->str);
    if (no_cut != NULL)
        append_bar(bars, RECLAIM_TRUNCATE, g_steal_pointer(&no_cut));
    g_autofree char *share = share_text(facts, bloat);
    return nothing(g_strdup_printf("%s; %s", share, bars->str), false);
}

/* ---- an index ------------------------------------------------------------------------------------ */

struct reclaim_choice reclaim_decide_index(const struct reclaim_server *server,
                                           const struct reclaim_facts *facts,
                                           const struct relation_index *index,
                                           const struct bloat_object *object)
{
    g_autoptr(GError) refused = NULL;
    g_autofree char *won = units_format_size(object->reclaimable_bytes);
    g_autofree char *whole = units_format_size(object->size_bytes);

    if (!facts->there)
        return nothing(g_strdup("dropped since it was observed"), false);
    if (facts->reindex_lack != NULL)
        return nothing(g_strdup(facts->reindex_lack), true);
    if (index->exclusion)
        return nothing(g_strdup("REINDEX CONCURRENTLY: not for exclusion constraints"), false);
    if (!rebuild_allowed(server->version, &refused))
        return nothing(g_strdup(refused->message), false);
    return (struct reclaim_choice){
        .means = RECLAIM_REINDEX,
        .reason = g_strdup_printf("%s of %s are free", won, whole),
        .expected_bytes = object->reclaimable_bytes,
        .predicted_seconds = seconds_for(server, RECLAIM_REINDEX, object->size_bytes),
    };
}

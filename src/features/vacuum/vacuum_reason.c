/* Why a table is done, or why not, in words. */
#include "units/units.h"
#include "vacuum.h"

static const struct {
    enum vacuum_need need;
    const char *name;
} need_names[] = {
    {VACUUM_NEED_EMERGENCY, "freeze_emergency"},
    {VACUUM_NEED_FREEZE, "freeze_age"},
    {VACUUM_NEED_ASKED, "freeze_asked"},
    {VACUUM_NEED_DEAD, "dead_rows"},
    {VACUUM_NEED_INSERTED, "inserted_rows"},
    {VACUUM_NEED_VISIBILITY, "not_all_visible"},
    {VACUUM_NEED_NEVER_ANALYZED, "never_analyzed"},
    {VACUUM_NEED_CHANGED, "changed_rows"},
    {VACUUM_NEED_PARTITIONS, "partitions_changed"},
};

const char *vacuum_need_name(enum vacuum_need need)
{
    for (gsize i = 0; i < G_N_ELEMENTS(need_names); i++)
        if (need_names[i].need == need)
            return need_names[i].name;
    return NULL;
}

const char *vacuum_action_name(const struct vacuum_choice *choice)
{
    if (choice->vacuum)
        return choice->analyze ? "vacuum_analyze" : "vacuum";
    return choice->analyze ? "analyze" : "skip";
}

/* "3 dead rows", "1 dead row": the noun stands in both numbers. */
static void number(GString *text, gint64 counted, const char *one, const char *many)
{
    g_autofree char *shown = units_format_count(counted);

    g_string_append_printf(text, "%s %s", shown, counted == 1 ? one : many);
}

static void count(GString *text, gint64 counted, const char *one, const char *many)
{
    if (text->len > 0)
        g_string_append(text, "; ");
    number(text, counted, one, many);
}

static void dead(GString *text, const struct vacuum_table *table)
{
    double rows = (double) (table->live + table->dead);

    if (table->dead > 0) {
        count(text, table->dead, "dead row", "dead rows");
        g_string_append_printf(text, " (%.0f%%)", 100 * (double) table->dead / rows);
    }
    if (table->toast_dead > table->dead)
        count(text, table->toast_dead, "dead row in TOAST", "dead rows in TOAST");
}

static void age(GString *text, const struct vacuum_server *server,
                const struct vacuum_table *table)
{
    gint64 xids = MAX(table->xid_age, table->toast_xid_age);
    gint64 mxids = MAX(table->mxid_age, table->toast_mxid_age);
    bool multixact = (double) mxids / (double) MAX(server->multixact_freeze_max_age, 1) >
                     (double) xids / (double) MAX(server->freeze_max_age, 1);
    bool toast = multixact ? table->toast_mxid_age > table->mxid_age
                           : table->toast_xid_age > table->xid_age;

    if (multixact)
        count(text, mxids, "multixact old", "multixacts old");
    else
        count(text, xids, "transaction old", "transactions old");
    g_string_append_printf(text, "%s, %.0f%% of what autovacuum allows",
                           toast ? " (TOAST)" : "", 100 * vacuum_freeze_ratio(server, table));
}

static void needs(GString *text, const struct vacuum_server *server,
                  const struct vacuum_table *table, unsigned wanted)
{
    if (wanted & (VACUUM_NEED_EMERGENCY | VACUUM_NEED_FREEZE))
        age(text, server, table);
    else if (wanted & VACUUM_NEED_ASKED)
        g_string_append(text, "freeze asked for");
    if (wanted & VACUUM_NEED_DEAD)
        dead(text, table);
    if (wanted & VACUUM_NEED_INSERTED)
        count(text, table->inserted, "row inserted since vacuum", "rows inserted since vacuum");
    if (wanted & VACUUM_NEED_VISIBILITY)
        count(text, table->pages - table->visible_pages, "page not all-visible",
              "pages not all-visible");
    if (wanted & VACUUM_NEED_NEVER_ANALYZED)
        g_string_append_printf(text, "%snever analyzed", text->len > 0 ? "; " : "");
    if (wanted & VACUUM_NEED_CHANGED)
        count(text, table->changed, "change since analyze", "changes since analyze");
    if (wanted & VACUUM_NEED_PARTITIONS)
        g_string_append_printf(text, "%sits partitions changed since it was analyzed",
                               text->len > 0 ? "; " : "");
}

static void bar(GString *text, const struct vacuum_case *state,
                const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;

    switch (choice->bar) {
    case VACUUM_BAR_NONE:
        break;
    case VACUUM_BAR_NOT_SELECTED:
        g_string_assign(text, "not selected");
        break;
    case VACUUM_BAR_FOREIGN:
        g_string_assign(text, "foreign table: its rows are elsewhere");
        break;
    case VACUUM_BAR_TEMPORARY:
        g_string_assign(text, "temporary table of one session");
        break;
    case VACUUM_BAR_FORBIDDEN:
        g_string_append_printf(text, "; the role lacks the right: %s", table->lack);
        break;
    case VACUUM_BAR_HORIZON: {
        const struct vacuum_holder *holder = vacuum_oldest_holder(state, table);
        g_string_append_printf(text,
                               "; held by %s, and vacuumed since: nothing more can go "
                               "before that ends",
                               holder->holder);
        break;
    }
    }
}

char *vacuum_reason(const struct vacuum_case *state, const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;
    GString *text = g_string_new(NULL);

    needs(text, &state->server, table, choice->needs | choice->held);
    if (choice->bar == VACUUM_BAR_NONE && choice->needs == 0) {
        g_string_assign(text, "needs nothing");
        if (table->kind != 'p') {
            g_string_append(text, ": ");
            number(text, table->dead, "dead row", "dead rows");
            g_string_append(text, ", ");
            number(text, table->changed, "change since analyze", "changes since analyze");
        }
    }
    bar(text, state, choice);
    if (choice->order > 0 && table->carried_over)
        g_string_append(text, "; the last run did not reach it");
    return g_string_free(text, FALSE);
}

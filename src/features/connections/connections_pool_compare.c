/* What Go source says beside what the settings say. */
#include "connections_pool.h"
#include "units/units.h"

static const enum connections_pool_call calls_in_order[] = {
    CONNECTIONS_POOL_OPEN, CONNECTIONS_POOL_IDLE, CONNECTIONS_POOL_LIFETIME};

const char *connections_source_finding_name(enum connections_source_finding finding)
{
    static const char *const names[] = {"ok", "different", "missing", "unknown"};

    return names[finding];
}

static gint64 wanted_of(const struct connections_app *app, enum connections_pool_call call)
{
    if (call == CONNECTIONS_POOL_OPEN)
        return app->max_open;
    return call == CONNECTIONS_POOL_IDLE ? app->max_idle : app->max_lifetime_ms * 1000000;
}

/* "25", "5 min"; lifetimes of less than a tenth of a second are nobody's wish. */
static char *spell(enum connections_pool_call call, gint64 value)
{
    if (call != CONNECTIONS_POOL_LIFETIME)
        return g_strdup_printf("%" G_GINT64_FORMAT, value);
    if (value != 0 && value < 100000000)
        return g_strdup_printf("%" G_GINT64_FORMAT " ns", value);
    return units_format_duration((double) value / 1e9);
}

static char *words_of_missing(enum connections_pool_call call)
{
    static const char *const meaning[] = {
        "without it a pool may open any number of connections",
        "without it a pool keeps 2 idle connections, and opens and closes the others again",
        "without it a connection lives for ever"};

    return g_strdup_printf("%s is not called: %s", connections_pool_call_name(call),
                           meaning[call]);
}

static char *words_of_different(const struct connections_pool_found *found, gint64 wanted)
{
    g_autofree char *is = spell(found->call, found->value);
    g_autofree char *should = spell(found->call, wanted);
    const char *meaning = "";

    if (found->value <= 0)
        meaning = found->call == CONNECTIONS_POOL_OPEN   ? " (no limit)"
                  : found->call == CONNECTIONS_POOL_IDLE ? " (none are kept)"
                                                         : " (for ever)";
    else if (found->call == CONNECTIONS_POOL_LIFETIME && found->value < 1000000000)
        meaning = " (a number without a unit is nanoseconds)";
    return g_strdup_printf("%s is %s%s, the settings say %s",
                           connections_pool_call_name(found->call), is, meaning, should);
}

static struct connections_source_row compare(enum connections_pool_call call,
                                             const struct connections_pool_found *found,
                                             const struct connections_app *app)
{
    struct connections_source_row row = {
        .call = call, .found = found, .wanted = wanted_of(app, call)};

    if (found == NULL) {
        row.finding = CONNECTIONS_SOURCE_MISSING;
        row.words = words_of_missing(call);
    } else if (!found->known) {
        row.finding = CONNECTIONS_SOURCE_UNKNOWN;
        row.words = g_strdup_printf("the value of %s cannot be told from this file",
                                    connections_pool_call_name(call));
    } else if (found->value != row.wanted) {
        row.finding = CONNECTIONS_SOURCE_DIFFERENT;
        row.words = words_of_different(found, row.wanted);
    } else {
        row.words =
            g_strdup_printf("%s is as the settings say", connections_pool_call_name(call));
    }
    return row;
}

static void add_row(GArray *rows, enum connections_pool_call call,
                    const struct connections_pool_found *found,
                    const struct connections_app *app)
{
    struct connections_source_row row = compare(call, found, app);

    g_array_append_val(rows, row);
}

static void clear_row(gpointer row)
{
    g_free(((struct connections_source_row *) row)->words);
}

GArray *connections_source_compare(const GArray *calls, const struct connections_app *app)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct connections_source_row));

    g_array_set_clear_func(rows, clear_row);
    for (guint i = 0; i < G_N_ELEMENTS(calls_in_order); i++) {
        guint before = rows->len;
        for (guint j = 0; j < calls->len; j++) {
            const struct connections_pool_found *found =
                &g_array_index(calls, struct connections_pool_found, j);
            if (found->call == calls_in_order[i])
                add_row(rows, found->call, found, app);
        }
        if (rows->len == before)
            add_row(rows, calls_in_order[i], NULL, app);
    }
    return rows;
}

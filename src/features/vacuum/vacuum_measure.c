/* Figures for monitoring, from what check() has observed. */
#include "vacuum.h"

#include <string.h>

enum {
    DEAD,
    XID_AGE,
    XID_LIMIT,
    XID_FAILSAFE,
    MXID_AGE,
    MXID_LIMIT,
    MXID_FAILSAFE,
    HORIZON_AGE,
    HORIZON_SECONDS,
    TABLES,
    DUE,
    NEVER,
    OLDEST,
};

const struct metric vacuum_metrics[] = {
    [DEAD] = {"dead_rows", METRIC_GAUGE, NULL, "Dead rows, by the server's counters",
              "schema relation", true},
    [XID_AGE] = {"transaction_age", METRIC_GAUGE, NULL,
                 "Age of the oldest transaction id in the database, in transactions", NULL,
                 false},
    [XID_LIMIT] = {"transaction_age_limit", METRIC_GAUGE, NULL,
                   "The age at which autovacuum must act (autovacuum_freeze_max_age)", NULL,
                   false},
    [XID_FAILSAFE] = {"transaction_age_failsafe", METRIC_GAUGE, NULL,
                      "The age at which VACUUM drops all else (vacuum_failsafe_age)", NULL,
                      false},
    [MXID_AGE] = {"multixact_age", METRIC_GAUGE, NULL,
                  "Age of the oldest multixact id in the database, in multixacts", NULL, false},
    [MXID_LIMIT] =
        {"multixact_age_limit", METRIC_GAUGE, NULL,
         "The age at which autovacuum must act (autovacuum_multixact_freeze_max_age)", NULL,
         false},
    [MXID_FAILSAFE] = {"multixact_age_failsafe", METRIC_GAUGE, NULL,
                       "The age at which VACUUM drops all else (vacuum_multixact_failsafe_age)",
                       NULL, false},
    [HORIZON_AGE] =
        {"horizon_age", METRIC_GAUGE, NULL,
         "By how many transactions the xmin horizon is held back, by kind of holder", "holder",
         false},
    [HORIZON_SECONDS] = {"horizon_age_seconds", METRIC_GAUGE, "seconds",
                         "For how long the oldest holder of a kind has held the horizon back",
                         "holder", false},
    [TABLES] = {"tables", METRIC_GAUGE, NULL,
                "Tables, materialized views and partitions without the system's", NULL, false},
    [DUE] = {"due_tables", METRIC_GAUGE, NULL,
             "Tables that a run would do now, by what they are due for", "action", false},
    [NEVER] = {"never_vacuumed_tables", METRIC_GAUGE, NULL,
               "Tables with rows that no VACUUM has ever cleaned, as the counters know", NULL,
               false},
    [OLDEST] = {"oldest_vacuum_age_seconds", METRIC_GAUGE, "seconds",
                "How long ago the table was cleaned whose last VACUUM is longest ago", NULL,
                false},
    {.name = NULL},
};

static void measure_ages(struct measure *measure, const struct vacuum_case *state)
{
    const struct vacuum_server *server = &state->server;
    gint64 xids = server->xid_age, mxids = server->mxid_age;

    for (guint i = 0; i < state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(state->tables, struct vacuum_table, i);
        if (table->kind == 'p' || table->kind == 'f')
            continue;
        xids = MAX(xids, MAX(table->xid_age, table->toast_xid_age));
        mxids = MAX(mxids, MAX(table->mxid_age, table->toast_mxid_age));
    }
    measure_add(measure, &vacuum_metrics[XID_AGE], (double) xids);
    measure_add(measure, &vacuum_metrics[XID_LIMIT], (double) server->freeze_max_age);
    measure_add(measure, &vacuum_metrics[XID_FAILSAFE], (double) server->failsafe_age);
    measure_add(measure, &vacuum_metrics[MXID_AGE], (double) mxids);
    measure_add(measure, &vacuum_metrics[MXID_LIMIT],
                (double) server->multixact_freeze_max_age);
    measure_add(measure, &vacuum_metrics[MXID_FAILSAFE],
                (double) server->multixact_failsafe_age);
}

/* Every kind always, so that an alert sees it end. Of the samples of one kind the largest stays. */
static void measure_horizon(struct measure *measure, const struct vacuum_case *state)
{
    static const char *const kinds[] = {"session", "prepared", "slot", "standby"};

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        measure_add(measure, &vacuum_metrics[HORIZON_AGE], 0.0, kinds[i]);
        measure_add(measure, &vacuum_metrics[HORIZON_SECONDS], 0.0, kinds[i]);
    }
    for (guint i = 0; i < state->holders->len; i++) {
        const struct vacuum_holder *holder = g_ptr_array_index(state->holders, i);
        gint64 seconds = holder->since > 0 ? MAX(state->server.now - holder->since, 0) : 0;
        measure_add(measure, &vacuum_metrics[HORIZON_AGE], (double) holder->age_xids,
                    holder->kind);
        measure_add(measure, &vacuum_metrics[HORIZON_SECONDS], (double) seconds, holder->kind);
    }
}

static void measure_tables(struct measure *measure, const struct vacuum_case *state)
{
    guint tables = 0, never = 0;
    gint64 oldest = 0;

    for (guint i = 0; i < state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(state->tables, struct vacuum_table, i);
        if (table->kind == 'f' || table->temporary)
            continue;
        if (table->kind != 'p')
            measure_add(measure, &vacuum_metrics[DEAD], (double) table->dead, table->schema,
                        table->name);
        if (vacuum_is_system(table))
            continue;
        tables++;
        if (table->kind == 'p' || table->live + table->dead == 0)
            continue;
        never += table->last_vacuum == 0;
        if (table->last_vacuum > 0 && (oldest == 0 || table->last_vacuum < oldest))
            oldest = table->last_vacuum;
    }
    measure_add(measure, &vacuum_metrics[TABLES], tables);
    measure_add(measure, &vacuum_metrics[NEVER], never);
    if (oldest > 0)
        measure_add(measure, &vacuum_metrics[OLDEST],
                    (double) MAX(state->server.now - oldest, 0));
}

static void measure_due(struct measure *measure, const struct vacuum_case *state)
{
    guint vacuum = 0, analyze = 0, freeze = 0;

    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice =
            &g_array_index(state->choices, struct vacuum_choice, i);
        vacuum += choice->vacuum;
        analyze += choice->analyze;
        freeze += choice->freeze;
    }
    measure_add(measure, &vacuum_metrics[DUE], vacuum, "vacuum");
    measure_add(measure, &vacuum_metrics[DUE], analyze, "analyze");
    measure_add(measure, &vacuum_metrics[DUE], freeze, "freeze");
}

bool vacuum_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    const struct vacuum_case *state = measure_observed(measure);

    measure_ages(measure, state);
    measure_horizon(measure, state);
    if (state->server.in_recovery)
        return true; /* rows are counted on the primary */
    measure_tables(measure, state);
    measure_due(measure, state);
    return true;
}

/*
 * Figures of a target for monitoring: a section's table says which there are, its measure() brings
 * their values. The number of time series is bounded: of tables and indexes the top N by value are
 * named, the rest are summed.
 */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include "auto.h"
#include "pg/session.h"
#include "settings/settings.h"
#include "store/store.h"

#include <jansson.h>

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* A row of a section's table, and one family on /metrics: pgrunbook_SECTION_NAME. Tables end with a
 * NULL name. */
struct metric {
    const char *name;      /* "dead_rows"; with its unit as the last word where it has one:
                         "horizon_age_seconds", "size_bytes" */
    enum metric_type type; /* a counter's samples end with _total */
    const char *unit;      /* "seconds", "bytes"; NULL: a count */
    const char *help;      /* one sentence without a period */
    const char *labels;    /* "schema relation", in this order; NULL: none but target */
    bool top;              /* many: only the N largest keep their names, the rest is summed */
};

/* "pgrunbook_vacuum_dead_rows"; without the _total of a counter's samples. Caller frees. */
char *metric_name(const char *section, const struct metric *metric);

struct measure; /* collects; made by the gatherer */

struct session *measure_session(struct measure *measure);
const struct settings *measure_settings(const struct measure *measure);
struct store *measure_store(struct measure *measure);
const char *measure_target(const struct measure *measure); /* NULL: none */

/* What the section's check() handed over (check_hand_over); NULL: nothing. Borrowed. */
gpointer measure_observed(const struct measure *measure);

/* One value. Then the labels' values, as many as the metric has; NULL is "". Text from a database
 * may be anything. A value that is not finite is left out; of several with the same labels one
 * remains: of a metric with `top` their sum, else the largest. */
void measure_add(struct measure *measure, const struct metric *metric, double value, ...);

/* ---- for the gatherer and the tests ---------------------------------------------------------- */

struct measure *measure_new(struct session *session, const struct settings *settings,
                            struct store *store, const char *target, guint top);
/* Before a section's values. observed: what its check() handed over, borrowed. */
void measure_section(struct measure *measure, const char *section, gpointer observed);
/* [{"name", "type", "unit", "help", "samples": [{"labels": {…}, "value": …}]}]; caller unrefs. */
json_t *measure_families(struct measure *measure);
void measure_free(struct measure *measure);
AUTO_DEFINE(measure, measure_free)

/* The exposition format of such families, of all targets: families of one name are merged, each
 * sample gets the label target. openmetrics: OpenMetrics 1.0 (with # EOF), else the text format
 * 0.0.4 of Prometheus. Pure. */
struct metrics_part {
    const char *target; /* NULL: no such label */
    const json_t *families;
};
char *metrics_text(const struct metrics_part *parts, guint count, bool openmetrics);

#endif

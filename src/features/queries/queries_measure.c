/* Figures for monitoring, from what check() has seen. */
#include "queries_private.h"

enum { LONG, LONGEST };

const struct metric queries_metrics[] = {
    [LONG] = {"long", METRIC_GAUGE, NULL,
              "Queries of clients that run for longer than queries.longer_than", NULL, false},
    [LONGEST] = {"longest_seconds", METRIC_GAUGE, "seconds",
                 "For how long the longest of them has run; 0: there is none", NULL, false},
    {.name = NULL},
};

bool queries_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    const struct queries_seen *seen = measure_observed(measure);

    if (seen == NULL) /* other roles' queries are hidden */
        return true;
    measure_add(measure, &queries_metrics[LONG], seen->count);
    measure_add(measure, &queries_metrics[LONGEST], seen->longest_seconds);
    return true;
}

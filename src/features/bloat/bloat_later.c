/* Stands in for parts of the section that are not built yet. */
#include "bloat.h"

bool bloat_exact(struct session *session, struct bloat_case *state, guint worst,
                 gint64 budget_bytes, GError **error)
{
    (void) session, (void) state, (void) worst, (void) budget_bytes;
    runbook_error_set(error, RUNBOOK_REFUSED, NULL, "the method exact is not built yet");
    return false;
}

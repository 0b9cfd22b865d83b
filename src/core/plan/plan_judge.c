/* What the end of a statement means for its step. Pure: no server, no clock. */
#include "plan/plan_private.h"

#include <string.h>

bool plan_lost_connection(const char *sqlstate)
{
    static const char *const gone[] = {"57P01", "57P02", "57P03", "57P05", NULL};

    return strncmp(sqlstate, "08", 2) == 0 || g_strv_contains(gone, sqlstate);
}

static bool is(const struct ending *ending, const char *sqlstate)
{
    return strcmp(ending->sqlstate, sqlstate) == 0;
}

enum judgement plan_judge(const struct ending *ending)
{
    bool tries_left = ending->attempts < ending->limit;

    if (is(ending, ""))
        return JUDGED_DONE;
    /* Whatever the error says, it came after we asked the statement to stop. */
    if (ending->stop != STOP_NO)
        return JUDGED_NOT_REACHED;
    /* Cancelled for the watch, or given up meanwhile: not tried again against its word. */
    if (ending->stop_why != NULL &&
        (is(ending, "57014") || is(ending, "55P03") || is(ending, "40P01") ||
         plan_lost_connection(ending->sqlstate)))
        return JUDGED_SKIPPED;
    /* 57014 without our cancel: statement_timeout at the window's end, or a person who wants
     * this to stop. A person is not argued with: no second try. */
    if (is(ending, "57014"))
        return ending->window_closed ? JUDGED_NOT_REACHED : JUDGED_FAILED;
    if (is(ending, "55P03"))
        return tries_left ? JUDGED_RETRY : JUDGED_SKIPPED;
    if (is(ending, "40P01") || plan_lost_connection(ending->sqlstate))
        return tries_left ? JUDGED_RETRY : JUDGED_FAILED;
    return JUDGED_FAILED;
}

static const char *describe_stop(const struct ending *ending)
{
    if (ending->program)
        return ending->stop == STOP_INTERRUPTED ? "interrupted; its program was stopped"
               : ending->stop == STOP_BROKEN    ? "the run was stopped, and its program with it"
                                                : "its program was stopped at the window's end";
    return ending->stop == STOP_INTERRUPTED ? "interrupted; cancelled on the server"
           : ending->stop == STOP_BROKEN    ? "the run was stopped; cancelled on the server"
                                            : "cancelled at the window's end";
}

char *plan_describe(const struct ending *ending, enum judgement judgement)
{
    if (judgement == JUDGED_DONE)
        return ending->program ? g_strdup(ending->message) : NULL;
    if (judgement == JUDGED_NOT_REACHED)
        return g_strdup(describe_stop(ending));
    if (judgement == JUDGED_SKIPPED && ending->stop_why != NULL)
        return g_strdup(ending->stop_why);
    if (judgement == JUDGED_FAILED && is(ending, "57014"))
        return g_strdup_printf("somebody cancelled it: %s", ending->message);
    return g_strdup(ending->message ? ending->message : "connection lost");
}

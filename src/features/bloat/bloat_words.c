/* The words of a report. */
#include "bloat.h"
#include "bloat_private.h"

const char *bloat_kind_name(enum bloat_kind kind)
{
    static const char *const names[] = {
        [BLOAT_TABLE] = "table", [BLOAT_TOAST] = "toast", [BLOAT_INDEX] = "index"};

    return names[kind];
}

const char *bloat_method_name(enum bloat_method method)
{
    static const char *const names[] = {
        [BLOAT_ESTIMATE] = "estimate", [BLOAT_SAMPLE] = "sample", [BLOAT_EXACT] = "exact"};

    return names[method];
}

static const char *number_rests_on(const struct bloat_object *object)
{
    if (object->note == BLOAT_NOTE_BEST)
        return "against the best size seen since it was built";
    if (object->method == BLOAT_SAMPLE)
        return "from a sample of the table's blocks, packed anew";
    if (object->method == BLOAT_EXACT)
        return "read whole";
    return object->kind == BLOAT_TOAST ? "from how many chunks it has, and how they pack"
                                       : "from the planner's statistics";
}

static const char *no_number_because(const struct bloat_object *object)
{
    static const char *const words[] = {
        [BLOAT_NOTE_NONE] = "unknown",
        [BLOAT_NOTE_SMALL] = "too small to matter",
        [BLOAT_NOTE_NOT_VISIBLE] = "this role may not read its statistics",
        [BLOAT_NOTE_NO_STATISTICS] = "it was never analyzed",
        [BLOAT_NOTE_STALE] = "it has changed too much since it was analyzed",
        [BLOAT_NOTE_METHOD] = "statistics do not tell how rows are laid out there",
        [BLOAT_NOTE_BEST] = "unknown",
        [BLOAT_NOTE_BUDGET] = "the budget was used up before its turn",
        [BLOAT_NOTE_RIGHT] = "a right is missing",
        [BLOAT_NOTE_INVALID] = "it is invalid: drop it or rebuild it",
    };

    return words[object->note];
}

char *bloat_reason(const struct bloat_object *object)
{
    const char *base =
        object->reclaimable_bytes >= 0 ? number_rests_on(object) : no_number_because(object);

    if (object->detail == NULL)
        return g_strdup(base);
    return g_strdup_printf("%s; %s", base, object->detail);
}

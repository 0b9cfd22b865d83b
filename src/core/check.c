#include "check.h"

struct check {
    struct session *session;
    const struct settings *settings;
    const char *where, *section;
    GPtrArray *verdicts; /* of struct verdict */
    GArray *sections;    /* of const char *, beside them */
    GArray *sqls;        /* the same */
    GPtrArray *gaps;     /* of struct check_gap */
    GStringChunk *texts; /* owns the verdicts' strings */
    gpointer observed;
    GDestroyNotify free_observed;
};

static void free_gap(gpointer data)
{
    struct check_gap *gap = data;

    g_free(gap->what);
    g_free(gap->remedy);
    g_free(gap);
}

struct check *check_new(struct session *session, const struct settings *settings,
                        const char *where)
{
    struct check *check = g_new0(struct check, 1);

    check->session = session;
    check->settings = settings;
    check->where = where;
    check->verdicts = g_ptr_array_new_with_free_func(g_free);
    check->sections = g_array_new(FALSE, FALSE, sizeof(const char *));
    check->sqls = g_array_new(FALSE, FALSE, sizeof(const char *));
    check->gaps = g_ptr_array_new_with_free_func(free_gap);
    check->texts = g_string_chunk_new(1024);
    return check;
}

void check_free(struct check *check)
{
    if (check == NULL)
        return;
    check_forget(check);
    g_ptr_array_unref(check->verdicts);
    g_array_unref(check->sections);
    g_array_unref(check->sqls);
    g_ptr_array_unref(check->gaps);
    g_string_chunk_free(check->texts);
    g_free(check);
}

void check_begin_section(struct check *check, const char *section)
{
    check->section = section;
}

void check_hand_over(struct check *check, gpointer observed, GDestroyNotify free_observed)
{
    check_forget(check);
    check->observed = observed;
    check->free_observed = free_observed;
}

gpointer check_observed(const struct check *check)
{
    return check->observed;
}

void check_forget(struct check *check)
{
    if (check->observed != NULL)
        check->free_observed(check->observed);
    check->observed = NULL;
}

const char *check_where(const struct check *check)
{
    return check->where;
}

struct session *check_session(struct check *check)
{
    return check->session;
}

const struct settings *check_settings(const struct check *check)
{
    return check->settings;
}

static const char *keep(struct check *check, const char *text)
{
    return text == NULL ? NULL : g_string_chunk_insert(check->texts, text);
}

void check_add(struct check *check, const struct verdict *verdict)
{
    struct verdict *copy = g_new(struct verdict, 1);

    *copy = *verdict;
    copy->name = keep(check, verdict->name);
    copy->message = keep(check, verdict->message);
    copy->next = keep(check, verdict->next);
    g_array_append_val(check->sections, check->section);
    g_array_set_size(check->sqls, check->sections->len);
    g_array_index(check->sqls, const char *, check->sqls->len - 1) = NULL;
    g_ptr_array_add(check->verdicts, copy);
}

void check_sql(struct check *check, const char *sql)
{
    guint last = check->verdicts->len - 1;

    if (check_verdict(check, last)->status != VERDICT_OK)
        g_array_index(check->sqls, const char *, last) = keep(check, sql);
}

void check_unreadable(struct check *check, const char *what, const char *remedy)
{
    for (guint i = 0; i < check->gaps->len; i++) {
        const struct check_gap *known = check->gaps->pdata[i];
        if (g_strcmp0(known->what, what) == 0 && g_strcmp0(known->remedy, remedy) == 0)
            return;
    }
    struct check_gap *gap = g_new(struct check_gap, 1);
    gap->what = g_strdup(what);
    gap->remedy = g_strdup(remedy);
    g_ptr_array_add(check->gaps, gap);
}

guint check_verdicts(const struct check *check)
{
    return check->verdicts->len;
}

const struct verdict *check_verdict(const struct check *check, guint index)
{
    return g_ptr_array_index(check->verdicts, index);
}

const char *check_verdict_section(const struct check *check, guint index)
{
    return g_array_index(check->sections, const char *, index);
}

const char *check_verdict_sql(const struct check *check, guint index)
{
    return g_array_index(check->sqls, const char *, index);
}

guint check_gaps(const struct check *check)
{
    return check->gaps->len;
}

const struct check_gap *check_gap(const struct check *check, guint index)
{
    return g_ptr_array_index(check->gaps, index);
}

const char *check_status_name(enum verdict_status status)
{
    static const char *const names[] = {
        [VERDICT_OK] = "ok",
        [VERDICT_WARNING] = "warning",
        [VERDICT_CRITICAL] = "critical",
        [VERDICT_UNKNOWN] = "unknown",
    };
    return names[status];
}

enum verdict_status check_worse(enum verdict_status left, enum verdict_status right)
{
    static const int gravity[] = {
        [VERDICT_OK] = 0,
        [VERDICT_UNKNOWN] = 1,
        [VERDICT_WARNING] = 2,
        [VERDICT_CRITICAL] = 3,
    };
    return gravity[right] > gravity[left] ? right : left;
}

enum verdict_status check_status(const struct check *check)
{
    enum verdict_status worst = VERDICT_OK;

    for (guint i = 0; i < check->verdicts->len; i++)
        worst = check_worse(worst, check_verdict(check, i)->status);
    return check->verdicts->len == 0 ? VERDICT_UNKNOWN : worst;
}

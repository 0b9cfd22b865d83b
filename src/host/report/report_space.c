/* What space was won, by object. Pure. */
#include "report/report.h"

/* What was done to one object, of which one run after the other may have won something. */
struct chain {
    const struct report_win *first, *last; /* of those that stand and are known; NULL: none */
    gint64 won, undone_bytes;
    bool undone, partly, unknown;
};

static struct chain *chain_of(GHashTable *chains, const struct report_win *win)
{
    char *key = g_strconcat(win->target, "\n", win->name, NULL);
    struct chain *chain = g_hash_table_lookup(chains, key);

    if (chain == NULL)
        g_hash_table_insert(chains, g_strdup(key), chain = g_new0(struct chain, 1));
    g_free(key);
    return chain;
}

static bool is_earlier(const struct report_win *left, const struct report_win *right)
{
    return left->at_us != right->at_us ? left->at_us < right->at_us : left->run < right->run;
}

static void chain_add(struct chain *chain, const struct report_win *win)
{
    if (win->undone == REPORT_UNDONE) {
        chain->undone = true;
        chain->undone_bytes = MAX(chain->undone_bytes, win->before);
    } else if (win->undone == REPORT_UNDONE_PARTLY) {
        chain->partly = true;
    } else if (win->before < 0 || win->after < 0) {
        chain->unknown = true;
    } else {
        chain->won += win->before - win->after;
        if (chain->first == NULL || is_earlier(win, chain->first))
            chain->first = win;
        if (chain->last == NULL || is_earlier(chain->last, win))
            chain->last = win;
    }
}

struct report_space report_space(const struct report *report)
{
    g_autoptr(GHashTable) chains =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct report_space space = {0};
    GHashTableIter iter;
    gpointer value;

    for (guint i = 0; i < report->wins->len; i++) {
        const struct report_win *win = &g_array_index(report->wins, struct report_win, i);
        chain_add(chain_of(chains, win), win);
    }
    g_hash_table_iter_init(&iter, chains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct chain *chain = value;
        space.undone += chain->undone;
        space.undone_bytes += chain->undone_bytes;
        space.partly += chain->partly;
        space.unknown += chain->unknown;
        if (chain->first == NULL)
            continue;
        space.known++;
        space.won += chain->won;
        space.before += chain->first->before;
        space.after += chain->last->after;
    }
    space.grown = space.won - (space.before - space.after);
    return space;
}

gint64 report_returned(const struct report *report)
{
    gint64 bytes = 0;

    for (guint i = 0; i < report->returned->len; i++)
        bytes += MAX(g_array_index(report->returned, struct report_win, i).before, 0);
    return bytes;
}

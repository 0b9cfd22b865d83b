#include "connections_vigil.h"

enum {
    LOOKS = 2,
    AGAIN_S = 10,        /* before what ended nobody is tried again */
    SAID_S = 10 * 60,    /* … and said again */
    ON_WAY_S = 10,       /* who was told to end may take so long */
    GAVE_UP_S = 10 * 60, /* … and is then not told again */
    QUEUE_S = 60,        /* after the end of a convoy's root */
    BEGUN_S = 2 * 60,    /* after the last end of a relief; the pace has let another by then */
};

#define SECOND_US ((gint64) G_USEC_PER_SEC)

/* One who was told. */
struct connections_told {
    gint64 pid, backend_start_us, query_start_us, at_us;
    enum backends_action action;
};

void connections_vigil_init(struct connections_vigil *vigil)
{
    *vigil = (struct connections_vigil){
        .notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
        .told = g_array_new(FALSE, FALSE, sizeof(struct connections_told)),
    };
}

void connections_vigil_clear(struct connections_vigil *vigil)
{
    g_hash_table_unref(vigil->notes);
    g_array_unref(vigil->told);
}

/* ---- the emergency ----------------------------------------------------------------------------- */

bool connections_vigil_triggered(struct connections_vigil *vigil, bool full, bool above,
                                 unsigned triggers, gint64 now_us)
{
    vigil->full_looks = full ? vigil->full_looks + 1 : 0;
    if (!above || now_us - vigil->begun_us >= BEGUN_S * SECOND_US)
        vigil->begun_us = 0;
    return vigil->full_looks >= LOOKS || vigil->begun_us != 0 || triggers != 0;
}

static const struct backends_root *first_root(const struct connections_diagnosis *diagnosis)
{
    return diagnosis == NULL || diagnosis->convoy == 0
               ? NULL
               : &g_array_index(diagnosis->roots, struct backends_root, 0);
}

static bool is_root(const struct connections_vigil *vigil, const struct backends_root *root)
{
    gint64 pid = root == NULL || root->backend == NULL ? 0 : root->backend->pid;
    gint64 start_us = pid == 0 ? 0 : root->backend->backend_start_us;

    return pid == vigil->root.pid && start_us == vigil->root.start_us;
}

void connections_vigil_diagnosed(struct connections_vigil *vigil,
                                 const struct connections_diagnosis *diagnosis, gint64 now_us)
{
    const struct backends_root *root = first_root(diagnosis);

    vigil->kind = diagnosis == NULL ? CONNECTIONS_HEALTHY : diagnosis->kind;
    if (is_root(vigil, root)) {
        /* Between two who have their turn there is none for a moment; for longer: the queue is gone,
         * and the next one is another. */
        if (root == NULL && now_us - vigil->root.since_us >= SECOND_US)
            vigil->queue_us = 0;
        return;
    }
    bool nobody = root == NULL || root->backend == NULL;
    vigil->root.pid = nobody ? 0 : root->backend->pid;
    vigil->root.start_us = nobody ? 0 : root->backend->backend_start_us;
    vigil->root.since_us = now_us;
}

void connections_vigil_over(struct connections_vigil *vigil)
{
    vigil->said = false;
    vigil->not_before_us = 0;
    g_hash_table_remove_all(vigil->notes);
}

bool connections_vigil_says(struct connections_vigil *vigil, const char *words, gint64 now_us)
{
    const gint64 *said = g_hash_table_lookup(vigil->notes, words);

    if (said != NULL && now_us - *said < SAID_S * SECOND_US)
        return false;
    gint64 *now = g_new(gint64, 1);
    *now = now_us;
    g_hash_table_insert(vigil->notes, g_strdup(words), now);
    return true;
}

bool connections_vigil_may_relieve(const struct connections_vigil *vigil, gint64 now_us)
{
    return vigil->kind != CONNECTIONS_HEALTHY &&
           (vigil->kind != vigil->tried || now_us >= vigil->not_before_us);
}

void connections_vigil_relieved(struct connections_vigil *vigil, gint64 now_us, guint told)
{
    bool of_full_room = vigil->begun_us != 0 || vigil->full_looks > 0;

    if (told > 0 || !vigil->late)
        vigil->begun_us = told > 0 && of_full_room ? now_us : 0;
    vigil->tried = vigil->kind;
    vigil->not_before_us = told > 0 || vigil->late ? 0 : now_us + AGAIN_S * SECOND_US;
}

bool connections_vigil_helpless(struct connections_vigil *vigil)
{
    bool first = !vigil->said;

    vigil->begun_us = 0;
    vigil->said = true;
    return first;
}

/* ---- whom to tell ------------------------------------------------------------------------------ */

static const struct connections_told *last_word(const struct connections_vigil *vigil,
                                                const struct backend *backend)
{
    for (guint i = vigil->told->len; i > 0; i--) {
        const struct connections_told *told =
            &g_array_index(vigil->told, struct connections_told, i - 1);
        if (told->pid == backend->pid && told->backend_start_us == backend->backend_start_us)
            return told;
    }
    return NULL;
}

/* The words of long ago are forgotten: most of those who were told are gone. */
void connections_vigil_told(struct connections_vigil *vigil, const struct backend *backend,
                            enum backends_action action, gint64 now_us)
{
    struct connections_told told = {backend->pid, backend->backend_start_us,
                                    backend->query_start_us, now_us, action};

    while (vigil->told->len > 0 &&
           now_us - g_array_index(vigil->told, struct connections_told, 0).at_us >=
               GAVE_UP_S * SECOND_US)
        g_array_remove_index(vigil->told, 0);
    g_array_append_val(vigil->told, told);
}

bool connections_vigil_gave_up(const struct connections_vigil *vigil,
                               const struct backend *backend, gint64 now_us)
{
    const struct connections_told *told = last_word(vigil, backend);

    return told != NULL && told->action == BACKENDS_TERMINATE &&
           now_us - told->at_us >= ON_WAY_S * SECOND_US &&
           now_us - told->at_us < GAVE_UP_S * SECOND_US;
}

/* Whether he was told and may still be about to obey. */
static bool is_on_way(const struct connections_told *told, const struct backend *backend,
                      const struct connections_means *means)
{
    if (told == NULL)
        return false;
    gint64 since_us = means->now_us - told->at_us;
    if (told->action == BACKENDS_TERMINATE)
        return since_us < ON_WAY_S * SECOND_US;
    return told->query_start_us == backend->query_start_us && since_us < means->grace_us;
}

/* The rung that is due: told to cancel this query, and the grace is over, he is terminated. */
static void climb(struct connections_choice *choice, const struct connections_told *told)
{
    if (!choice->ladder)
        return;
    choice->ladder = false;
    choice->cancel = told == NULL || told->action != BACKENDS_CANCEL ||
                     told->query_start_us != choice->backend->query_start_us;
    if (choice->cancel)
        return;
    char *reason = g_strdup_printf("%s; the cancel did not help", choice->reason);
    g_free(choice->reason);
    choice->reason = reason;
}

/* After the end of a root the next one's turn may be short: only one who stays is in the way. */
static bool queue_moves(const struct connections_vigil *vigil,
                        const struct connections_diagnosis *diagnosis,
                        const struct connections_means *means)
{
    if (diagnosis->kind != CONNECTIONS_LOCK_CONVOY || vigil->queue_us == 0 ||
        means->now_us - vigil->queue_us >= QUEUE_S * SECOND_US)
        return false;
    return !is_root(vigil, first_root(diagnosis)) ||
           means->now_us - vigil->root.since_us < means->stands_us;
}

/* Why nothing is done to him at this look; NULL: it is. */
static const char *why_not_now(struct connections_decision *decision, guint kept, bool moves,
                               const struct connections_means *means)
{
    decision->put_off++;
    if (moves)
        return "the queue is moving";
    if (kept >= means->places)
        return "no more are ended in this minute (connections.per_minute)";
    decision->put_off--;
    return NULL;
}

void connections_vigil_cut(const struct connections_vigil *vigil,
                           struct connections_decision *decision,
                           const struct connections_diagnosis *diagnosis,
                           const struct connections_means *means)
{
    bool moves = queue_moves(vigil, diagnosis, means);
    guint kept = 0;

    for (guint i = 0; i < decision->chosen->len; i++) {
        struct connections_choice choice =
            g_array_index(decision->chosen, struct connections_choice, i);
        const struct connections_told *told = last_word(vigil, choice.backend);
        bool on_way = is_on_way(told, choice.backend, means);
        const char *why =
            on_way ? "it was told a moment ago" : why_not_now(decision, kept, moves, means);
        if (on_way)
            g_ptr_array_add(decision->on_way, (gpointer) (guintptr) choice.backend);
        if (why != NULL) {
            connections_spare(decision, choice.backend, why);
            g_free(choice.reason);
            continue;
        }
        climb(&choice, told);
        g_array_index(decision->chosen, struct connections_choice, kept++) = choice;
    }
    g_array_set_size(decision->chosen, kept);
}

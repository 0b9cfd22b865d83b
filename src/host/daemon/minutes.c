#include "daemon/minutes.h"

/* Ten targets for a day and a half, in 3 MB. */
enum { WAITING_MOST = 20000 };

struct waiting {
    char *target; /* a GRefString */
    struct store_minute minute;
};

struct minutes {
    GHashTable *last; /* target → struct store_minute: the newest that was told, as a whole */
    GQueue waiting;   /* of struct waiting, oldest first */
};

static void free_waiting(gpointer data)
{
    struct waiting *waiting = data;

    g_ref_string_release(waiting->target);
    g_free(waiting);
}

struct minutes *minutes_new(void)
{
    struct minutes *minutes = g_new0(struct minutes, 1);

    minutes->last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_queue_init(&minutes->waiting);
    return minutes;
}

void minutes_free(struct minutes *minutes)
{
    g_hash_table_unref(minutes->last);
    g_queue_clear_full(&minutes->waiting, free_waiting);
    g_free(minutes);
}

guint minutes_waiting(const struct minutes *minutes)
{
    return minutes->waiting.length;
}

struct store_minute minutes_join(const struct store_minute *one,
                                 const struct store_minute *other)
{
    return (struct store_minute){
        .minute_us = one->minute_us,
        .samples = one->samples + other->samples,
        .missed = one->missed + other->missed,
        /* Of the one that has seen any. */
        .ordinary = other->samples > 0 ? other->ordinary : one->ordinary,
        .used_max = MAX(one->used_max, other->used_max),
        .used_sum = one->used_sum + other->used_sum,
        .active_max = MAX(one->active_max, other->active_max),
        .idle_max = MAX(one->idle_max, other->idle_max),
        .in_transaction_max = MAX(one->in_transaction_max, other->in_transaction_max),
        .waiting_max = MAX(one->waiting_max, other->waiting_max),
        .query_seconds_max = MAX(one->query_seconds_max, other->query_seconds_max),
    };
}

/* ---- what was told before -------------------------------------------------------------------- */

static void keep_first(const struct store_minute *minute, gpointer data)
{
    struct store_minute *first = data;

    if (first->minute_us == 0)
        *first = *minute;
}

/* The first one of this daemon's may have begun under the one before. */
static struct store_minute known(const struct minutes *minutes, struct store *store,
                                 const char *target, gint64 minute_us)
{
    const struct store_minute *last = g_hash_table_lookup(minutes->last, target);
    struct store_minute before = {0};

    if (last != NULL)
        return *last;
    store_each_minute(store, target, minute_us, keep_first, &before, NULL);
    return before;
}

/* ---- taking and writing ---------------------------------------------------------------------- */

static void keep(struct minutes *minutes, const char *target, const struct store_minute *minute)
{
    struct waiting *waiting = g_new0(struct waiting, 1);

    waiting->target = g_ref_string_new_intern(target);
    waiting->minute = *minute;
    g_queue_push_tail(&minutes->waiting, waiting);
    if (minutes->waiting.length > WAITING_MOST)
        free_waiting(g_queue_pop_head(&minutes->waiting));
}

void minutes_take(struct minutes *minutes, struct store *store, bool doubtful,
                  const char *target, const struct store_minute *minute)
{
    struct store_minute before = known(minutes, store, target, minute->minute_us);
    struct store_minute whole =
        before.minute_us == minute->minute_us ? minutes_join(&before, minute) : *minute;

    g_hash_table_insert(minutes->last, g_strdup(target), g_memdup2(&whole, sizeof whole));
    store_minute_put(store, target, &whole);
    /* Whether it was this one that failed does not matter: what is written twice stands once. */
    if (doubtful || store_trouble(store) != NULL)
        keep(minutes, target, &whole);
}

void minutes_write(struct minutes *minutes, struct store *store)
{
    if (minutes->waiting.length == 0)
        return;
    store_begin(store);
    for (const GList *link = minutes->waiting.head;
         link != NULL && store_trouble(store) == NULL; link = link->next) {
        const struct waiting *waiting = link->data;
        store_minute_put(store, waiting->target, &waiting->minute);
    }
    store_commit(store);
    if (store_trouble(store) == NULL)
        g_queue_clear_full(&minutes->waiting, free_waiting);
}

#include "daemon/keeper.h"

#include "store/store_events.h"

enum { AGAIN_FIRST_S = 2, AGAIN_S = 30 };

struct keeper {
    char *path;
    struct store *store;
    char *trouble;
    gint64 broken_at_us; /* wall clock */
    gint64 again_us;     /* monotonic: the next try */
    gint64 pause_s;      /* before the one after it */
    void (*changed)(struct store *store, const char *trouble, gpointer data);
    gpointer data;
};

struct keeper *keeper_new(const char *path,
                          void (*changed)(struct store *store, const char *trouble,
                                          gpointer data),
                          gpointer data)
{
    struct keeper *keeper = g_new0(struct keeper, 1);

    keeper->path = g_strdup(path);
    keeper->store = store_open(path);
    keeper->changed = changed;
    keeper->data = data;
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    store_close(keeper->store);
    g_free(keeper->path);
    g_free(keeper->trouble);
    g_free(keeper);
}

struct store *keeper_store(const struct keeper *keeper)
{
    return keeper->store;
}

const char *keeper_trouble(const struct keeper *keeper)
{
    return store_trouble(keeper->store);
}

/* That it could be opened does not mean that it can be written: the time without it is written
 * down, which is the proof. */
static bool proven(struct keeper *keeper, struct store *store)
{
    struct store_event gap = {
        .target = "",
        .name = "store",
        .severity = "warning",
        .opened_us = keeper->broken_at_us,
        .closed_us = MAX(g_get_real_time(), keeper->broken_at_us),
        .message = keeper->trouble,
    };

    if (store_trouble(store) == NULL)
        store_event_open(store, &gap);
    return store_trouble(store) == NULL;
}

static void try_again(struct keeper *keeper)
{
    struct store *store = store_open(keeper->path);

    if (!proven(keeper, store)) {
        store_close(store);
        return;
    }
    struct store *old = keeper->store;
    keeper->store = store;
    g_clear_pointer(&keeper->trouble, g_free);
    keeper->changed(store, NULL, keeper->data);
    store_close(old);
}

void keeper_tick(struct keeper *keeper, gint64 now_us)
{
    const char *trouble = store_trouble(keeper->store);

    if (trouble == NULL)
        return;
    if (keeper->trouble == NULL) {
        keeper->trouble = g_strdup(trouble);
        keeper->broken_at_us = g_get_real_time();
        keeper->pause_s = AGAIN_FIRST_S;
        keeper->again_us = now_us + keeper->pause_s * G_USEC_PER_SEC;
        keeper->changed(keeper->store, keeper->trouble, keeper->data);
    } else if (now_us >= keeper->again_us) {
        keeper->pause_s = MIN(keeper->pause_s * 2, AGAIN_S);
        keeper->again_us = now_us + keeper->pause_s * G_USEC_PER_SEC;
        try_again(keeper);
    }
}

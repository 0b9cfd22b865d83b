#include "daemon/keeper.h"

#include "store/store_events.h"

#include <glib/gstdio.h>

enum {
    AGAIN_FIRST_S = 2,
    AGAIN_S = 30,
    LOOK_S =
        10, /* between two looks at a file that seems well: a small one is read as a whole */
};

/* Which file it is; all 0: none. */
struct identity {
    dev_t device;
    ino_t inode;
};

struct keeper {
    char *path;
    struct store *store;
    struct identity identity; /* of the file that the store has open */
    guint generation;
    char *trouble;
    bool told;           /* somebody knows of the trouble */
    gint64 broken_at_us; /* wall clock */
    gint64 again_us;     /* monotonic: the next try */
    gint64 pause_s;      /* before the one after it */
    gint64 look_us;      /* monotonic: the next look at the file itself */
    char *found;         /* what is wrong with it, as that look found; NULL: nothing */
    void (*changed)(struct store *store, const char *trouble, gpointer data);
    gpointer data;
};

static struct identity identity_of(const char *path)
{
    GStatBuf found;

    if (g_stat(path, &found) != 0)
        return (struct identity){0};
    return (struct identity){found.st_dev, found.st_ino};
}

/* A history is never that short: somebody has cut it. */
static bool is_empty(const char *path)
{
    GStatBuf found;

    return g_stat(path, &found) == 0 && found.st_size == 0;
}

static bool same(struct identity left, struct identity right)
{
    return left.device == right.device && left.inode == right.inode;
}

static struct identity identity_of_store(const struct store *store, const char *path)
{
    struct identity none = {0};

    return store_in_memory(store) ? none : identity_of(path);
}

struct keeper *keeper_new(const char *path,
                          void (*changed)(struct store *store, const char *trouble,
                                          gpointer data),
                          gpointer data)
{
    struct keeper *keeper = g_new0(struct keeper, 1);

    keeper->path = g_strdup(path);
    keeper->store = store_open_hurried(path);
    keeper->identity = identity_of_store(keeper->store, path);
    keeper->changed = changed;
    keeper->data = data;
    return keeper;
}

void keeper_free(struct keeper *keeper)
{
    store_close(keeper->store);
    g_free(keeper->path);
    g_free(keeper->trouble);
    g_free(keeper->found);
    g_free(keeper);
}

struct store *keeper_store(const struct keeper *keeper)
{
    return keeper->store;
}

guint keeper_generation(const struct keeper *keeper)
{
    return keeper->generation;
}

const char *keeper_trouble(const struct keeper *keeper)
{
    return keeper->trouble != NULL ? keeper->trouble : store_trouble(keeper->store);
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

/* Nobody can begin a history in an emptied file while the one that was in it is open. */
static void let_go_of_nothing(struct keeper *keeper)
{
    if (store_in_memory(keeper->store) || !is_empty(keeper->path))
        return;
    store_let_go(keeper->store, keeper->trouble);
    keeper->identity = (struct identity){0};
}

static void try_again(struct keeper *keeper)
{
    let_go_of_nothing(keeper);
    struct store *store = store_open_hurried(keeper->path);

    if (!proven(keeper, store)) {
        store_close(store);
        return;
    }
    struct store *old = keeper->store;
    struct identity identity = identity_of_store(store, keeper->path);
    keeper->generation += !same(identity, keeper->identity);
    keeper->identity = identity;
    keeper->store = store;
    keeper->told = false;
    g_clear_pointer(&keeper->trouble, g_free);
    g_clear_pointer(&keeper->found, g_free);
    keeper->changed(store, NULL, keeper->data);
    store_close(old);
}

/* A store that is open has the pages it knows in memory: what became of them in the file only one
 * that is opened anew meets, as every child does. By SQLite, as whoever closes the file of his own
 * accord gives up this process's locks on it. */
static void look(struct keeper *keeper, gint64 now_us)
{
    if (keeper->trouble != NULL || now_us < keeper->look_us)
        return;
    AUTO(store) fresh = store_open_hurried(keeper->path);

    keeper->look_us = now_us + LOOK_S * (gint64) G_USEC_PER_SEC;
    g_free(keeper->found);
    keeper->found = g_strdup(store_trouble(fresh));
}

static const char *trouble_of(struct keeper *keeper, gint64 now_us)
{
    const char *trouble = store_trouble(keeper->store);

    if (trouble != NULL || store_in_memory(keeper->store))
        return trouble;
    /* What is written to a file without a name nobody will read. */
    if (!same(identity_of(keeper->path), keeper->identity))
        return "the history file was moved away or deleted; a new one is begun";
    if (is_empty(keeper->path))
        return "the history file was emptied; a new one is begun";
    look(keeper, now_us);
    return keeper->found;
}

void keeper_doubt(struct keeper *keeper)
{
    keeper->look_us = 0;
}

void keeper_tick(struct keeper *keeper, gint64 now_us)
{
    const char *trouble = trouble_of(keeper, now_us);

    /* What is well again by itself is opened anew all the same: it may not be what it was. */
    if (trouble == NULL && keeper->trouble == NULL)
        return;
    if (keeper->trouble == NULL) {
        keeper->trouble = g_strdup(trouble);
        keeper->broken_at_us = g_get_real_time();
        keeper->pause_s = AGAIN_FIRST_S;
        keeper->again_us = now_us + keeper->pause_s * G_USEC_PER_SEC;
    } else if (now_us >= keeper->again_us) {
        keeper->pause_s = MIN(keeper->pause_s * 2, AGAIN_S);
        keeper->again_us = now_us + keeper->pause_s * G_USEC_PER_SEC;
        try_again(keeper);
        /* A lock that is gone two seconds later was none worth a message. */
        if (keeper->trouble != NULL && !keeper->told) {
            keeper->told = true;
            keeper->changed(keeper->store, keeper->trouble, keeper->data);
        }
    }
}

#include "daemon/api_run.h"

#include "daemon/child.h"
#include "daemon/job_words.h"
#include "error.h"
#include "feature.h"

#include <jansson.h>
#include <string.h>

enum {
    AT_ONCE = 3,
    AT_ONCE_OF_ONE = 2, /* for the same target: one that hangs leaves room for the others */
    QUEUE_MOST = 32,
    LONGEST_S = 60,
    GRACE_MS = 2000,
    OUTPUT_MOST = 32 << 20,
    MESSAGES_MOST = 1 << 14,
    LINE_LONGEST = 1 << 12,
    KEPT_MOST = 256,       /* answers */
    KEPT_BYTES = 64 << 20, /* … of that many bytes in all */
    PARSED_MOST = 1 << 20, /* of a command that failed, what it printed is looked at closely */
};

struct api_run {
    struct api_runs *runs;
    char *key, **words, *target, *alias;
    bool monitor, text, plan;
    GPtrArray *tickets; /* of struct api_ticket */
    struct child *child;
    gint64 started_us;
    guint timer;
    guint generation;
    GByteArray *output;
    GString *messages;
    bool too_long, too_slow, stopped;
    char *unborn; /* why there is no child; NULL: there is, or it waits */
};

struct api_ticket {
    struct api_run *run;
    void (*answer)(const struct api_result *result, gpointer data);
    gpointer data;
};

/* An answer that is kept. */
struct kept {
    GBytes *document;
    int exit_code;
    gint64 at_us, took_us;
    gint64 since_us; /* monotonic: the wall clock may be set */
};

/* Looks have one, plans another: who looks, perhaps without a token, at a server that hangs must not
 * keep an operator from acting. */
struct lane {
    GQueue queue; /* of struct api_run: not started yet */
    GPtrArray *running;
};

struct api_runs {
    const int *settings_fd;
    void (*idle)(gpointer data);
    gpointer data;
    GHashTable *current; /* key → struct api_run, those that run or wait; borrowed */
    struct lane looks, plans;
    GHashTable *kept; /* key → struct kept */
    gsize kept_bytes;
    guint generation; /* counts api_runs_stale() */
    bool stopping;
};

static const struct api_result closing = {
    .status = 503, .exit_code = -1, .error = "the daemon is stopping"};

/* ---- rules ------------------------------------------------------------------------------------ */

int api_run_status(int exit_code, bool monitor, bool document)
{
    /* What a command has to tell it tells in its document, whatever the verdict. */
    if (document && (exit_code == RUNBOOK_DONE || exit_code == RUNBOOK_FAILED ||
                     exit_code == RUNBOOK_PARTLY || exit_code == RUNBOOK_REFUSED))
        return 200;
    if (monitor)
        return document && exit_code >= 0 ? 200 : exit_code == 3 ? 502 : 500;
    switch (exit_code) {
    case RUNBOOK_USAGE:
        return 400;
    case RUNBOOK_CONNECT:
        return 502;
    case RUNBOOK_REFUSED:
        return 409;
    default:
        return 500;
    }
}

bool api_run_is_document(const char *text, gsize length)
{
    /* It is no string: nothing stands behind its end. */
    if (length > PARSED_MOST)
        return text[0] == '{' && memcmp(text + length - 2, "}\n", 2) == 0;
    json_t *parsed = json_loadb(text, length, 0, NULL);
    bool is = json_is_object(parsed);

    json_decref(parsed);
    return is;
}

/* ---- what is kept ------------------------------------------------------------------------------ */

static void free_kept(gpointer data)
{
    struct kept *kept = data;

    g_bytes_unref(kept->document);
    g_free(kept);
}

static void drop(struct api_runs *runs, const char *key)
{
    const struct kept *kept = g_hash_table_lookup(runs->kept, key);

    if (kept == NULL)
        return;
    runs->kept_bytes -= g_bytes_get_size(kept->document);
    g_hash_table_remove(runs->kept, key);
}

static bool drop_oldest(struct api_runs *runs)
{
    GHashTableIter each;
    gpointer key, value;
    const char *oldest = NULL;
    gint64 since_us = G_MAXINT64;

    g_hash_table_iter_init(&each, runs->kept);
    while (g_hash_table_iter_next(&each, &key, &value)) {
        const struct kept *kept = value;
        if (kept->since_us >= since_us)
            continue;
        since_us = kept->since_us;
        oldest = key;
    }
    if (oldest == NULL)
        return false;
    g_autofree char *gone = g_strdup(oldest);
    drop(runs, gone);
    return true;
}

static void keep(struct api_runs *runs, const char *key, const struct api_result *result)
{
    struct kept *kept = g_new0(struct kept, 1);

    drop(runs, key);
    *kept = (struct kept){g_bytes_ref(result->document), result->exit_code, result->at_us,
                          result->took_us, g_get_monotonic_time()};
    runs->kept_bytes += g_bytes_get_size(result->document);
    g_hash_table_insert(runs->kept, g_strdup(key), kept);
    while (g_hash_table_size(runs->kept) > KEPT_MOST || runs->kept_bytes > KEPT_BYTES)
        if (!drop_oldest(runs))
            break;
}

void api_runs_stale(struct api_runs *runs)
{
    g_hash_table_remove_all(runs->kept);
    runs->kept_bytes = 0;
    runs->generation++;
}

static struct lane *lane_of(struct api_runs *runs, bool plan)
{
    return plan ? &runs->plans : &runs->looks;
}

/* ---- its end ----------------------------------------------------------------------------------- */

static void free_run(struct api_run *run)
{
    if (run->timer != 0)
        g_source_remove(run->timer);
    g_ptr_array_unref(run->tickets);
    g_byte_array_unref(run->output);
    g_string_free(run->messages, TRUE);
    g_strfreev(run->words);
    g_free(run->unborn);
    g_free(run->target);
    g_free(run->alias);
    g_free(run->key);
    g_free(run);
}

/* Tells all who wait, and forgets the run. */
static void settle(struct api_run *run, const struct api_result *result)
{
    if (g_hash_table_lookup(run->runs->current, run->key) == run)
        g_hash_table_remove(run->runs->current, run->key);
    for (guint i = 0; i < run->tickets->len; i++) {
        struct api_ticket *ticket = g_ptr_array_index(run->tickets, i);
        ticket->answer(result, ticket->data);
        g_free(ticket);
    }
    free_run(run);
}

/* What stands behind "hint: ", or NULL. Caller frees. */
static char *hint_of(const char *messages)
{
    static const char mark[] = "hint: ";
    const char *found = g_strrstr(messages, mark);

    if (found == NULL)
        return NULL;
    found += strlen(mark);
    g_autofree char *line = g_strndup(found, strcspn(found, "\n"));
    return g_utf8_make_valid(line, -1);
}

static const char *own_words(const struct api_run *run)
{
    if (run->stopped)
        return "the daemon is stopping";
    if (run->too_slow)
        return "the command took too long and was stopped";
    return run->too_long ? "the command printed too much" : NULL;
}

static struct api_result result_of(struct api_run *run, int status)
{
    int code = child_exit_code(status);
    const char *text = (const char *) run->output->data;
    bool plain = run->text && (code == RUNBOOK_DONE || code == RUNBOOK_PARTLY);
    bool document = run->output->len > 2 && !run->too_long &&
                    (plain || api_run_is_document(text, run->output->len));
    struct api_result result = {
        .exit_code = code,
        .at_us = g_get_real_time(),
        .took_us = g_get_monotonic_time() - run->started_us,
        .status = run->stopped    ? 503
                  : run->too_slow ? 504
                  : run->too_long ? 500
                                  : api_run_status(code, run->monitor, document),
    };

    if (result.status == 200 && document) {
        result.document = g_byte_array_free_to_bytes(run->output);
        run->output = g_byte_array_new();
    } else if (result.status == 200) {
        result.status = 500;
    }
    return result;
}

static void start_next(struct lane *lane);

static void on_ended(int status, gpointer data)
{
    struct api_run *run = data;
    struct api_runs *runs = run->runs;
    struct lane *lane = lane_of(runs, run->plan);
    struct api_result result = result_of(run, status);
    g_autofree char *how = child_status_words(status);
    g_autofree char *said = job_reason(run->messages->str);
    g_autofree char *hint = own_words(run) == NULL ? hint_of(run->messages->str) : NULL;

    result.error = own_words(run) ? own_words(run) : said ? said : how;
    result.hint = hint;
    run->child = NULL;
    g_ptr_array_remove(lane->running, run);
    if (result.document != NULL && !run->plan && run->generation == runs->generation)
        keep(runs, run->key, &result);
    settle(run, &result);
    if (result.document != NULL)
        g_bytes_unref(result.document);
    start_next(lane);
    runs->idle(runs->data);
}

/* ---- its output -------------------------------------------------------------------------------- */

static void on_bytes(const char *bytes, gsize length, gpointer data)
{
    struct api_run *run = data;

    if (run->too_long)
        return;
    if (run->output->len + length <= OUTPUT_MOST) {
        g_byte_array_append(run->output, (const guint8 *) bytes, (guint) length);
        return;
    }
    run->too_long = true;
    g_byte_array_set_size(run->output, 0);
    child_stop(run->child, GRACE_MS);
}

static void on_message(const char *line, gsize length, bool cut, gpointer data)
{
    struct api_run *run = data;
    (void) cut;

    g_string_append_len(run->messages, line, (gssize) length);
    g_string_append_c(run->messages, '\n');
    if (run->messages->len > MESSAGES_MOST)
        g_string_erase(run->messages, 0, (gssize) (run->messages->len - MESSAGES_MOST));
}

/* ---- its start --------------------------------------------------------------------------------- */

static gboolean on_late(gpointer data)
{
    struct api_run *run = data;

    run->timer = 0;
    run->too_slow = true;
    child_stop(run->child, GRACE_MS);
    return G_SOURCE_REMOVE;
}

/* Later, so that who asks is told by the same way. */
static gboolean on_unborn(gpointer data)
{
    struct api_run *run = data;

    run->timer = 0;
    settle(run, &(struct api_result){.status = 503, .exit_code = -1, .error = run->unborn});
    return G_SOURCE_REMOVE;
}

static void start(struct api_run *run)
{
    static const char *const looking[] = {CALL_LOOKS_VARIABLE, "1", NULL};
    g_autoptr(GError) error = NULL;
    struct child_plan plan = {
        .arguments = (const char *const *) run->words,
        .messages = true,
        .environment = looking,
        .longest = LINE_LONGEST,
        .settings_fd = *run->runs->settings_fd,
        .alias = run->alias,
        .bytes = on_bytes,
        .message = on_message,
        .ended = on_ended,
        .data = run,
    };

    run->started_us = g_get_monotonic_time();
    run->child = child_start(&plan, &error);
    if (run->child == NULL) {
        run->unborn = g_strdup(error->message);
        run->timer = g_idle_add(on_unborn, run);
        return;
    }
    g_ptr_array_add(lane_of(run->runs, run->plan)->running, run);
    run->timer = g_timeout_add_seconds(LONGEST_S, on_late, run);
}

static guint running_for(const struct lane *lane, const char *target)
{
    guint count = 0;

    for (guint i = 0; i < lane->running->len; i++) {
        const struct api_run *run = g_ptr_array_index(lane->running, i);
        count += g_strcmp0(run->target, target) == 0;
    }
    return count;
}

static void start_next(struct lane *lane)
{
    GList *link = lane->queue.head;

    while (lane->running->len < AT_ONCE && link != NULL) {
        GList *next = link->next;
        struct api_run *run = link->data;
        if (running_for(lane, run->target) < AT_ONCE_OF_ONE) {
            g_queue_delete_link(&lane->queue, link);
            start(run);
        }
        link = next;
    }
}

/* ---- asking ------------------------------------------------------------------------------------- */

static char *key_of(const struct api_runs *runs, const struct api_order *order)
{
    g_autofree char *words = g_strjoinv("\x1f", (char **) (guintptr) order->words);

    /* What was begun before something changed is no answer to who asks after it. */
    return g_strdup_printf("%u\x1f%d\x1f%s", runs->generation, order->plan, words);
}

static bool answer_kept(const struct api_runs *runs, const char *key,
                        const struct api_order *order,
                        void (*answer)(const struct api_result *result, gpointer data),
                        gpointer data)
{
    const struct kept *kept = g_hash_table_lookup(runs->kept, key);

    if (kept == NULL || order->max_age_us <= 0 ||
        g_get_monotonic_time() - kept->since_us > order->max_age_us)
        return false;
    g_autoptr(GBytes) document = g_bytes_ref(kept->document);
    answer(&(struct api_result){.document = document,
                                .status = 200,
                                .exit_code = kept->exit_code,
                                .at_us = kept->at_us,
                                .took_us = kept->took_us},
           data);
    return true;
}

static struct api_run *new_run(struct api_runs *runs, const struct api_order *order, char *key)
{
    struct api_run *run = g_new0(struct api_run, 1);

    run->runs = runs;
    run->key = key;
    run->words = child_words(NULL, order->words);
    run->target = g_strdup(order->target);
    run->alias = g_strdup(order->alias);
    run->monitor = order->monitor;
    run->text = order->text;
    run->plan = order->plan;
    run->generation = runs->generation;
    run->tickets = g_ptr_array_new();
    run->output = g_byte_array_new();
    run->messages = g_string_new(NULL);
    g_hash_table_insert(runs->current, run->key, run);
    return run;
}

struct api_ticket *api_runs_ask(struct api_runs *runs, const struct api_order *order,
                                void (*answer)(const struct api_result *result, gpointer data),
                                gpointer data)
{
    static const struct api_result busy = {
        .status = 503, .exit_code = -1, .error = "too many requests wait for an answer"};
    g_autofree char *key = key_of(runs, order);
    struct lane *lane = lane_of(runs, order->plan);

    if (answer_kept(runs, key, order, answer, data))
        return NULL;
    struct api_run *run = g_hash_table_lookup(runs->current, key);
    if (runs->stopping || (run == NULL && g_queue_get_length(&lane->queue) >= QUEUE_MOST)) {
        answer(runs->stopping ? &closing : &busy, data);
        return NULL;
    }
    struct api_ticket *ticket = g_new0(struct api_ticket, 1);
    bool fresh = run == NULL;
    if (fresh)
        run = new_run(runs, order, g_steal_pointer(&key));
    *ticket = (struct api_ticket){run, answer, data};
    g_ptr_array_add(run->tickets, ticket);
    if (fresh)
        g_queue_push_tail(&lane->queue, run);
    start_next(lane);
    return ticket;
}

void api_runs_forget(struct api_ticket *ticket)
{
    struct api_run *run = ticket->run;
    struct api_runs *runs = run->runs;

    g_ptr_array_remove(run->tickets, ticket);
    g_free(ticket);
    if (run->tickets->len > 0 || run->child != NULL ||
        !g_queue_remove(&lane_of(runs, run->plan)->queue, run))
        return;
    g_hash_table_remove(runs->current, run->key);
    free_run(run);
}

/* ---- life -------------------------------------------------------------------------------------- */

struct api_runs *api_runs_new(const int *settings_fd, void (*idle)(gpointer data),
                              gpointer data)
{
    struct api_runs *runs = g_new0(struct api_runs, 1);

    runs->settings_fd = settings_fd;
    runs->idle = idle;
    runs->data = data;
    runs->current = g_hash_table_new(g_str_hash, g_str_equal);
    runs->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_kept);
    g_queue_init(&runs->looks.queue);
    g_queue_init(&runs->plans.queue);
    runs->looks.running = g_ptr_array_new();
    runs->plans.running = g_ptr_array_new();
    return runs;
}

static void settle_all(struct lane *lane, const struct api_result *result)
{
    while (!g_queue_is_empty(&lane->queue))
        settle(g_queue_pop_head(&lane->queue), result);
}

void api_runs_stop(struct api_runs *runs, guint grace_ms)
{
    GHashTableIter each;
    gpointer run = NULL;

    runs->stopping = true;
    settle_all(&runs->plans, &closing);
    settle_all(&runs->looks, &closing);
    g_hash_table_iter_init(&each, runs->current);
    while (g_hash_table_iter_next(&each, NULL, &run)) {
        struct api_run *current = run;
        current->stopped = true;
        if (current->child != NULL)
            child_stop(current->child, grace_ms);
    }
}

void api_runs_free(struct api_runs *runs)
{
    g_hash_table_unref(runs->current);
    g_hash_table_unref(runs->kept);
    g_ptr_array_unref(runs->looks.running);
    g_ptr_array_unref(runs->plans.running);
    g_free(runs);
}

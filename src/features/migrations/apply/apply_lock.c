/*
 * Mutual exclusion. A session that waits in pg_advisory_lock() has a snapshot, for which a
 * concurrent build of the one that holds the lock waits: neither ever ends. So a lock is tried, and
 * between two tries nothing is asked of the server.
 */
#include "apply.h"

#include "interrupt.h"
#include "migrations_queries.h"
#include "units/units.h"

#include <poll.h>
#include <string.h>

enum { PAUSE_MS = 500, JITTER_MS = 250 };

static const guint32 GOLANG_SALT = 1486364155;
static const gint64 GOOSE_KEY = 4097083626;

guint32 apply_golang_key(const char *schema, const char *table, const char *dbname)
{
    g_autoptr(GByteArray) text = g_byte_array_new();
    const char *const parts[] = {schema, table, dbname};

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (i > 0)
            g_byte_array_append(text, (const guint8 *) "", 1);
        g_byte_array_append(text, (const guint8 *) parts[i], (guint) strlen(parts[i]));
    }
    return folder_crc32(0, text->data, text->len) * GOLANG_SALT;
}

/* The key of the folder's own tool; 0: it has none. Known from the first look at the table on. */
static gint64 tool_key(struct apply *apply)
{
    if (apply->tool_key != 0)
        return apply->tool_key;
    if (apply->folder->format == FOLDER_GOLANG_MIGRATE && apply->table != NULL &&
        apply->table->schema != NULL)
        apply->tool_key =
            apply_golang_key(apply->table->schema, apply->table->name, apply->dbname);
    if (apply->folder->format == FOLDER_GOOSE)
        apply->tool_key = GOOSE_KEY;
    return apply->tool_key;
}

static bool try_tool(struct apply *apply, GError **error)
{
    g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT, tool_key(apply));

    if (apply->tool_held || strcmp(key, "0") == 0)
        return true;
    AUTO(rows)
    rows = session_query(apply->control, &query_migrations_apply_tool_lock,
                         (const char *const[]){key}, error);
    apply->tool_held = rows != NULL && rows_bool(rows, 0, MIGRATIONS_APPLY_TOOL_LOCK_GOT);
    return apply->tool_held;
}

/* Both or none. *ret_holder: who has it. */
static bool try_both(struct apply *apply, char **ret_holder, GError **error)
{
    const char *section = apply->call->feature->name;
    g_autoptr(GError) broken = NULL;

    apply->tool_held = false;
    apply->locked_pid = 0;
    if (!plan_lock_try(apply->control, section, ret_holder, error))
        return false;
    if (try_tool(apply, &broken)) {
        apply->locked_pid = session_pid(apply->control);
        return true;
    }
    plan_unlock(apply->control, section);
    if (broken == NULL)
        *ret_holder = g_strdup_printf("%s itself", folder_format_name(apply->folder->format));
    else
        g_propagate_error(error, g_steal_pointer(&broken));
    return false;
}

static void give_back_tool(struct apply *apply)
{
    g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT, apply->tool_key);

    if (!apply->tool_held)
        return;
    AUTO(rows)
    freed = session_query(apply->control, &query_migrations_apply_tool_free,
                          (const char *const[]){key}, NULL);
    (void) freed; /* a connection that was lost has given it back as well */
    apply->tool_held = false;
}

void apply_unlock(struct apply *apply)
{
    give_back_tool(apply);
    plan_unlock(apply->control, apply->call->feature->name);
    apply->locked_pid = 0;
}

void apply_tool_let_go(struct apply *apply)
{
    if (apply->folder->format == FOLDER_GOLANG_MIGRATE)
        give_back_tool(apply);
}

static void rest(void)
{
    struct pollfd descriptor = {.fd = interrupt_fd(), .events = POLLIN};

    poll(&descriptor, 1, PAUSE_MS + g_random_int_range(0, JITTER_MS));
}

static bool give_up(const struct apply *apply, const char *holder, GError **error)
{
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "wait for it, or end it with pg_terminate_backend",
                      "another run is at work on database \"%s\": " PLAN_LOCK_HELD " by %s",
                      apply->dbname, holder);
    return false;
}

bool apply_lock(struct apply *apply, GError **error)
{
    gint64 wait_ms = settings_int(apply->call->settings, "migrations.lock_wait");
    gint64 until = g_get_monotonic_time() + wait_ms * 1000;
    g_autofree char *most = units_format_duration((double) wait_ms / 1000);

    for (bool said = false;; said = true) {
        g_autofree char *holder = NULL;
        g_autoptr(GError) broken = NULL;
        if (try_both(apply, &holder, &broken))
            return true;
        if (holder == NULL) {
            g_propagate_error(error, g_steal_pointer(&broken));
            return false;
        }
        if (g_get_monotonic_time() >= until)
            return give_up(apply, holder, error);
        if (!said)
            output_note(apply->call->output,
                        "waiting up to %s for another run, which has the lock: %s", most,
                        holder);
        rest();
    }
}

enum { TRIES = 20 };

void apply_tool_take(struct apply *apply)
{
    for (int i = 0; apply_control_back(apply) && !try_tool(apply, NULL); i++) {
        if (i == TRIES) {
            output_warn(apply->call->output, "%s itself has its lock, and is not waited for",
                        folder_format_name(apply->folder->format));
            return;
        }
        g_usleep(PAUSE_MS * 1000);
    }
}

bool apply_lock_again(struct apply *apply)
{
    /* Our own lost backend may hold them for a moment longer. */
    for (int i = 0; i < TRIES; i++) {
        g_autofree char *holder = NULL;
        if (try_both(apply, &holder, NULL))
            return true;
        if (holder == NULL)
            return false;
        g_usleep(PAUSE_MS * 1000);
    }
    return false;
}

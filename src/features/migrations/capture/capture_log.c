/* The log, line by line, and for each of its sessions what has been committed. */
#include "capture/capture_log.h"

#include "sql/sql_script.h"

#include <string.h>

struct sent {
    guint number; /* among all that were sent */
    enum capture_kind kind;
    char *text, *savepoint;
};

/* A session: what it has sent and not committed. */
struct line_of_work {
    bool block;      /* between BEGIN and COMMIT */
    bool broken;     /* the block: only ROLLBACK TO makes it whole */
    bool over;       /* what is pending counts, unless an error says that its end failed */
    GPtrArray *sent; /* of struct sent */
    char *query;     /* the last one */
};

struct reader {
    GHashTable *sessions; /* by pid */
    GPtrArray *kept;      /* of struct sent */
    guint number, failed;
};

static void sent_free(gpointer data)
{
    struct sent *sent = data;

    g_free(sent->text);
    g_free(sent->savepoint);
    g_free(sent);
}

static void work_free(gpointer data)
{
    struct line_of_work *work = data;

    g_ptr_array_unref(work->sent);
    g_free(work->query);
    g_free(work);
}

static struct line_of_work *work_of(struct reader *reader, gint64 pid)
{
    struct line_of_work *work =
        g_hash_table_lookup(reader->sessions, GINT_TO_POINTER((int) pid));

    if (work == NULL) {
        work = g_new0(struct line_of_work, 1);
        work->sent = g_ptr_array_new_with_free_func(sent_free);
        g_hash_table_insert(reader->sessions, GINT_TO_POINTER((int) pid), work);
    }
    return work;
}

/* Counts only what would have changed something. */
static void lose(struct reader *reader, struct line_of_work *work, guint from)
{
    for (guint i = from; i < work->sent->len; i++) {
        const struct sent *sent = work->sent->pdata[i];
        reader->failed += sent->kind == CAPTURE_SCHEMA;
    }
    if (from < work->sent->len)
        g_ptr_array_remove_range(work->sent, from, work->sent->len - from);
}

static void keep(struct reader *reader, struct line_of_work *work)
{
    while (work->sent->len > 0)
        g_ptr_array_add(reader->kept, g_ptr_array_steal_index(work->sent, 0));
    work->over = false;
}

/* The newest savepoint of that name; G_MAXUINT: there is none. */
static guint savepoint_at(const struct line_of_work *work, const char *name)
{
    for (guint i = work->sent->len; i-- > 0;) {
        const struct sent *sent = work->sent->pdata[i];
        if (sent->kind == CAPTURE_SAVEPOINT && g_strcmp0(sent->savepoint, name) == 0)
            return i;
    }
    return G_MAXUINT;
}

static void end_block(struct reader *reader, struct line_of_work *work, bool kept)
{
    if (!kept || work->broken)
        lose(reader, work, 0);
    work->block = work->broken = false;
    work->over = true;
}

static void go_back(struct reader *reader, struct line_of_work *work, const char *savepoint)
{
    guint at = savepoint_at(work, savepoint);

    if (at == G_MAXUINT)
        return;
    lose(reader, work, at + 1);
    work->broken = false;
}

static void add(struct reader *reader, struct line_of_work *work, const char *text,
                gsize length)
{
    struct sent *sent = g_new0(struct sent, 1);

    sent->number = reader->number++;
    sent->kind = capture_kind_of(text, length, &sent->savepoint);
    sent->text = g_strndup(text, length);
    if (sent->kind == CAPTURE_BEGIN)
        work->block = true;
    else if (sent->kind == CAPTURE_COMMIT || sent->kind == CAPTURE_ROLLBACK)
        end_block(reader, work, sent->kind == CAPTURE_COMMIT);
    else if (sent->kind == CAPTURE_ROLLBACK_TO)
        go_back(reader, work, sent->savepoint);
    g_ptr_array_add(work->sent, sent);
}

/* One message of the log that tells of a query string: its statements are one transaction, but for
 * what BEGIN and COMMIT among them say. */
static void heed_query(struct reader *reader, struct line_of_work *work, const char *query)
{
    AUTO(sql_script) script = sql_script_new(query, strlen(query));

    /* The one before has not failed, or its error would have come by now. */
    if (work->over || !work->block)
        keep(reader, work);
    g_free(work->query);
    work->query = g_strdup(query);
    for (guint i = 0; i < script->statements->len; i++) {
        const struct sql_statement *statement =
            &g_array_index(script->statements, struct sql_statement, i);
        if (work->over)
            keep(reader, work);
        add(reader, work, script->text + statement->start, statement->length);
    }
    if (!work->block)
        work->over = true;
}

/* An error belongs to the last query when it names it; in the extended protocol one that was only
 * parsed has not been logged before. A block breaks by any. */
static void heed_failure(struct reader *reader, struct line_of_work *work, const char *query)
{
    if (work->block) {
        work->broken = true;
        return;
    }
    if (g_strcmp0(query, work->query) != 0)
        return;
    lose(reader, work, 0);
    work->over = false;
}

/* "statement: …", "execute NAME: …" of the extended protocol. */
static const char *query_of(const char *message)
{
    if (g_str_has_prefix(message, "statement: "))
        return message + strlen("statement: ");
    if (!g_str_has_prefix(message, "execute ") ||
        g_str_has_prefix(message, "execute fetch from "))
        return NULL;
    const char *colon = strstr(message, ": ");
    return colon != NULL ? colon + 2 : NULL;
}

/* "PID LEVEL:  MESSAGE", its further lines joined to it. */
static void heed(struct reader *reader, const char *entry)
{
    char *rest = NULL;
    gint64 pid = g_ascii_strtoll(entry, &rest, 10);

    if (rest == entry || *rest != ' ' || pid <= 0)
        return;
    rest++;
    if (g_str_has_prefix(rest, "LOG:  ")) {
        const char *query = query_of(rest + strlen("LOG:  "));
        if (query != NULL)
            heed_query(reader, work_of(reader, pid), query);
    } else if (g_str_has_prefix(rest, "STATEMENT:  ")) {
        heed_failure(reader, work_of(reader, pid), rest + strlen("STATEMENT:  "));
    }
}

static int by_number(gconstpointer a, gconstpointer b)
{
    const struct sent *left = *(struct sent *const *) a;
    const struct sent *right = *(struct sent *const *) b;

    return left->number < right->number ? -1 : left->number > right->number;
}

/* A session that has ended within a block has lost what it did there. */
static void end_sessions(struct reader *reader)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, reader->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct line_of_work *work = value;
        if (work->over || !work->block)
            keep(reader, work);
        else
            lose(reader, work, 0);
    }
}

static void read_lines(struct reader *reader, const char *text)
{
    g_autoptr(GString) entry = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        if ((*line)[0] == '\t') { /* a further line of the message */
            g_string_append_printf(entry, "\n%s", *line + 1);
            continue;
        }
        heed(reader, entry->str);
        g_string_assign(entry, *line);
    }
    heed(reader, entry->str);
}

struct capture_log *capture_log_read(const char *text)
{
    struct capture_log *log = g_new0(struct capture_log, 1);
    g_autoptr(GHashTable) sessions = g_hash_table_new_full(NULL, NULL, NULL, work_free);
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(sent_free);
    struct reader reader = {.sessions = sessions, .kept = kept};

    log->statements = g_ptr_array_new_with_free_func(g_free);
    read_lines(&reader, text);
    end_sessions(&reader);
    g_ptr_array_sort(kept, by_number);
    for (guint i = 0; i < kept->len; i++) {
        struct sent *sent = kept->pdata[i];
        if (sent->kind == CAPTURE_SCHEMA)
            g_ptr_array_add(log->statements, g_steal_pointer(&sent->text));
        log->writes += sent->kind == CAPTURE_WRITES;
    }
    log->failed = reader.failed;
    return log;
}

void capture_log_free(struct capture_log *log)
{
    g_ptr_array_unref(log->statements);
    g_free(log);
}

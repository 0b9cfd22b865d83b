/* The history opened, and its entries in words. */
#include "cli/history.h"
#include "out/document.h"
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ------------------------------------------------------------------------------ */

struct store *history_open(struct call *call, GError **error)
{
    g_autofree char *path = settings_state_path(call->settings);

    /* One that may not be seen is there all the same: only ENOENT is none. */
    if (access(path, F_OK) == 0 || errno != ENOENT)
        return store_open_reader(path, error);
    output_note(call->output, "there is no history yet: \"%s\" does not exist", path);
    return NULL;
}

bool history_number(const char *text, const char *what, gint64 *ret_number, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (g_ascii_string_to_signed(text, 10, 1, G_MAXINT32, ret_number, &cause))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, NULL,
                      "invalid %s: \"%s\" is not a number from 1 on", what, text);
    return false;
}

/* ---- words -------------------------------------------------------------------------------- */

char *history_time(gint64 wall_us)
{
    if (wall_us == 0)
        return NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(wall_us / G_USEC_PER_SEC);
    return g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
}

char *history_took(gint64 started_us, gint64 ended_us)
{
    if (started_us == 0 || ended_us == 0)
        return NULL;
    return units_format_duration((double) (ended_us - started_us) / G_USEC_PER_SEC);
}

enum output_tone history_tone(const char *outcome)
{
    if (g_strcmp0(outcome, "done") == 0)
        return OUTPUT_GOOD;
    return g_strcmp0(outcome, "failed") == 0 ? OUTPUT_BAD : OUTPUT_CAUTION;
}

json_t *history_recorded(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : document_text(text);
}

static char *members_in_words(json_t *object, bool inside);

static bool says_nothing(const json_t *member)
{
    return json_is_false(member) || (json_is_number(member) && json_number_value(member) == 0);
}

/* A list is told by its length, a thing that has a name by its name: whoever wants the rest asks for
 * JSON. Caller frees. */
static char *member_in_words(json_t *member)
{
    const char *name = json_string_value(json_object_get(member, "id"));

    if (json_is_string(member) || name != NULL)
        return g_strdup(name != NULL ? name : json_string_value(member));
    if (json_is_array(member))
        return g_strdup_printf("%" G_GSIZE_FORMAT, json_array_size(member));
    if (json_is_object(member)) {
        g_autofree char *words = members_in_words(member, true);
        return g_strdup_printf("(%s)", words);
    }
    char *text = json_dumps(member, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    char *copy = g_strdup(text);
    free(text);
    return copy;
}

/* inside: of what stands inside another only what says something. */
static char *members_in_words(json_t *object, bool inside)
{
    GString *words = g_string_new(NULL);
    const char *key = NULL;
    json_t *member = NULL;

    json_object_foreach(object, key, member)
    {
        if (json_is_null(member) || (inside && says_nothing(member)))
            continue;
        g_autofree char *shown = member_in_words(member);
        g_string_append_printf(words, "%s%s %s", words->len ? ", " : "", key, shown);
    }
    return g_string_free(words, FALSE);
}

char *history_in_words(const char *text)
{
    if (text == NULL)
        return NULL;
    json_t *value = json_loads(text, 0, NULL);
    if (!json_is_object(value)) {
        json_decref(value);
        return g_strdup(text);
    }
    char *words = members_in_words(value, false);
    json_decref(value);
    return words;
}

const char *history_outcome(const struct store_run_view *run)
{
    return run->outcome != NULL ? run->outcome : "running";
}

json_t *history_run_json(const struct store_run_view *run)
{
    json_t *object = json_pack(
        "{sI so so so so so so so so so so so so}", "id", (json_int_t) run->id, "section",
        document_text(run->section), "verb", document_text(run->verb), "target",
        document_text(run->target), "host", document_text(run->host), "database",
        document_text(run->dbname), "role", document_text(run->role), "os_user",
        document_text(run->os_user), "os_host", document_text(run->os_host), "started_at",
        document_time(run->started_us), "ended_at", document_time(run->ended_us), "outcome",
        document_text(history_outcome(run)), "summary", history_recorded(run->summary));
    bool ended = run->started_us != 0 && run->ended_us != 0;

    json_object_set_new(
        object, "seconds",
        ended ? json_real((double) (run->ended_us - run->started_us) / G_USEC_PER_SEC)
              : json_null());
    json_object_set_new(object, "exit_code",
                        ended ? json_integer(run->exit_code) : json_null());
    json_object_set_new(object, "error", document_text(run->error));
    json_object_set_new(object, "actor", document_text(run->actor));
    json_object_set_new(object, "reason", document_text(run->reason));
    json_object_set_new(object, "stopped_by", document_text(run->stopped_by));
    json_object_set_new(object, "stopped_at", document_time(run->stopped_us));
    json_object_set_new(object, "stop_reason", document_text(run->stop_reason));
    return object;
}

#include "cli/check_ask.h"

#include "cli/record.h"
#include "out/document.h"

#include <math.h>
#include <string.h>

void cli_check_failure(struct check *check, const char *name, const GError *error)
{
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    g_autoptr(GString) message = g_string_new(lines[0]);

    for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
        if (g_strstrip(lines[i])[0] != '\0')
            g_string_append_printf(message, " (%s)", lines[i]);
    const struct verdict verdict = {
        .name = name,
        .status = VERDICT_UNKNOWN,
        .value = NAN,
        .message = message->str,
    };
    check_add(check, &verdict);
}

bool cli_check_interrupted(const GError *error)
{
    return g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
}

bool cli_check_ask(struct check *check, const struct feature *feature, bool *ret_failed,
                   GError **error)
{
    g_autoptr(GError) failure = NULL;

    check_begin_section(check, feature->name);
    bool failed = feature->check != NULL && !feature->check(check, &failure);
    if (failed && cli_check_interrupted(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    if (failed)
        cli_check_failure(check, feature->name, failure);
    check_begin_section(check, NULL);
    if (ret_failed != NULL)
        *ret_failed = failed;
    return true;
}

static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    bool whole = fabs(value) < 9e15 && nearbyint(value) == value;
    return whole ? json_integer((json_int_t) value) : json_real(value);
}

void cli_check_print(const struct check *check, struct session *session,
                     const struct call *call, struct output *output)
{
    struct document_server server = {0};
    if (session != NULL)
        server = (struct document_server){
            .version_num = session_version(session),
            .database = session_database(session),
            .system_identifier = session_system_identifier(session),
        };
    struct document *document =
        document_begin(output, "check/1", session != NULL ? &server : NULL);

    document_member(document, "target", document_text(call->target));
    document_member(document, "status", json_string(check_status_name(check_status(check))));
    document_array(document, "verdicts");
    for (guint i = 0; i < check_verdicts(check); i++) {
        const struct verdict *verdict = check_verdict(check, i);
        document_item(document,
                      json_pack("{so so so so so so so}", "name", document_text(verdict->name),
                                "status", json_string(check_status_name(verdict->status)),
                                "value", number(verdict->value), "message",
                                document_text(verdict->message), "next",
                                document_text(verdict->next), "sql",
                                document_text(check_verdict_sql(check, i)), "section",
                                document_text(check_verdict_section(check, i))));
    }
    document_array_end(document);
    document_array(document, "unreadable");
    for (guint i = 0; i < check_gaps(check); i++) {
        const struct check_gap *gap = check_gap(check, i);
        document_item(document, json_pack("{so so}", "what", document_text(gap->what), "remedy",
                                          document_text(gap->remedy)));
    }
    document_array_end(document);
    document_end(document);
}

char *cli_check_where(const struct call *call, struct session *session)
{
    static const struct {
        const char *name, *letter;
    } places[] = {{"config", "--config"},
                  {"target", "--target"},
                  {"host", "-h"},
                  {"port", "-p"},
                  {"username", "-U"}};
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        bool target = strcmp(places[i].name, "target") == 0;
        const char *value = target ? call->target : option_value(call->options, places[i].name);
        if (value == NULL)
            continue;
        g_ptr_array_add(words, g_strdup(places[i].letter));
        g_ptr_array_add(words, g_strdup(value));
    }
    const char *typed = call->server->dbname;
    bool conninfo = typed != NULL && strpbrk(typed, "=/") != NULL;
    const char *database = session != NULL ? session_database(session) : "";
    if (call->target == NULL)
        g_ptr_array_add(words, g_strdup(conninfo ? typed : database));
    g_ptr_array_add(words, NULL);
    return cli_record_line((const char *const *) words->pdata);
}

/* What a report found to decide on, kept for who has the history alone. */
#include "indexes.h"
#include "out/paste.h"
#include "relations/chosen.h"
#include "store/store_report.h"

#include <string.h>

enum { MOST_KEPT = 200 };

static bool is_to_decide(const struct indexes_finding *finding)
{
    return finding->word == INDEXES_DROP_CANDIDATE || finding->index == INDEXES_NONE ||
           finding->kind == INDEXES_KIND_BLOATED;
}

static bool is_plain(const char *name)
{
    static const char letters[] = G_CSET_a_2_z "_", more[] = G_CSET_a_2_z G_CSET_DIGITS "_";

    return name[0] != '\0' && strchr(letters, name[0]) != NULL &&
           strspn(name, more) == strlen(name);
}

/* The index as an argument to paste into a shell: what a name contains is nothing for the shell to act
 * upon. */
static char *shell_word(struct session *session, const char *schema, const char *name)
{
    if (is_plain(schema) && is_plain(name))
        return g_strdup_printf("%s.%s", schema, name);
    g_autofree char *quoted = session_quote(session, schema, name);
    return quoted != NULL ? paste_shell_word(quoted) : NULL;
}

static char *command_of(const struct call *call, const struct indexes_case *state,
                        struct session *session, const struct indexes_finding *finding)
{
    const struct relation_index *index =
        finding->index == INDEXES_NONE ? NULL
                                       : relations_index(state->relations, finding->index);

    if (index == NULL) {
        g_autofree char *sql = indexes_create_sql(state, finding, session);
        return sql != NULL ? paste_sql(sql) : NULL;
    }
    g_autofree char *word =
        shell_word(session, relations_table_of(state->relations, index)->schema, index->name);
    g_autofree char *target = call->target != NULL ? paste_shell_word(call->target) : NULL;
    if (word == NULL)
        return NULL;
    return g_strdup_printf("pgrunbook indexes %s %s%s%s",
                           finding->word == INDEXES_DROP_CANDIDATE ? "drop" : "rebuild", word,
                           target != NULL ? " --target " : "",
                           call->target == NULL     ? ""
                           : is_plain(call->target) ? call->target
                                                    : target);
}

/* The texts that the finding borrows; for g_ptr_array_free. */
static const char *keep(GPtrArray *texts, char *text)
{
    if (text == NULL)
        return "";
    g_ptr_array_add(texts, text);
    return text;
}

static struct store_finding kept_of(const struct call *call, const struct indexes_case *state,
                                    struct session *session,
                                    const struct indexes_finding *finding, GPtrArray *texts)
{
    const struct relation_table *table = relations_table(state->relations, finding->table);
    const struct relation_index *index =
        finding->index == INDEXES_NONE ? NULL
                                       : relations_index(state->relations, finding->index);

    return (struct store_finding){
        .schema = table->schema,
        .name = index != NULL ? index->name : "",
        .relation = table->name,
        .what = indexes_kind_name(finding->kind),
        .reason = keep(texts, indexes_reason(state, finding)),
        .command = keep(texts, command_of(call, state, session, finding)),
        .bytes = index != NULL ? relations_index_bytes(state->relations, index) : 0,
    };
}

static int by_bytes(const void *left, const void *right)
{
    const gint64 a = ((const struct store_finding *) left)->bytes;
    const gint64 b = ((const struct store_finding *) right)->bytes;

    return (a < b) - (a > b);
}

/* A report of some tables knows nothing of the others, and would make them forgotten. */
static bool is_whole(const struct call *call, const struct indexes_case *state)
{
    for (guint i = 0; i < state->relations->tables->len; i++)
        if (!chosen_table(call, state->relations, relations_table(state->relations, i)))
            return false;
    return !state->relations->in_recovery;
}

void indexes_keep_findings(struct call *call, struct session *session,
                           const struct indexes_case *state)
{
    const struct store_node node = {session_system_identifier(session),
                                    session_database(session), ""};
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(struct store_finding));

    if (!is_whole(call, state))
        return;
    for (guint i = 0; i < state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        if (!is_to_decide(finding))
            continue;
        const struct store_finding one = kept_of(call, state, session, finding, texts);
        g_array_append_val(kept, one);
    }
    g_array_sort(kept, by_bytes);
    store_findings_put(call->store, &node, "indexes", state->now_us,
                       (const struct store_finding *) (gpointer) kept->data,
                       MIN(kept->len, MOST_KEPT));
}

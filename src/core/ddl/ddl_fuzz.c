/* Any script is judged, statement after statement, on a schema that grows; whatever is said of it
 * must hang together. */
#include "ddl/ddl.h"
#include "sql/sql_script.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

/* libpg_query forgets a byte of its own with each block that does not parse. */
const char *__lsan_default_suppressions(void)
{
    return "leak:pg_query_raw_parse\n";
}

static void check(const struct ddl_judgement *judgement, gsize length)
{
    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        g_assert_nonnull(lock->relation);
        g_assert_true(lock->created_here || lock->work <= judgement->effect);
    }
    for (guint i = 0; i < judgement->acts->len; i++) {
        const struct ddl_act *act = judgement->acts->pdata[i];
        g_assert_cmpint(act->cause, <, DDL_CAUSES);
        g_assert_cmpuint(act->at, <=, length);
        g_assert_true((act->sure == DDL_UNKNOWN) == (act->assumption != NULL));
    }
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    AUTO(sql_script) script = sql_script_new((const char *) data, size);
    AUTO(ddl_schema) schema = ddl_schema_new();
    struct ddl_context context = {.server_version = 180000, .in_transaction = true};

    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *text = sql_statement_text(
            script, &g_array_index(script->statements, struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
        AUTO(ddl_judgement) judgement = ddl_judge(parse, text, schema, &context);
        check(judgement, strlen(text));
        if (i % 5 == 4)
            ddl_schema_settle(schema);
    }
    return 0;
}

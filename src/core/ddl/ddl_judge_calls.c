/*
 * Calls of functions. One that is volatile may change tables: what it is made of is judged as if it
 * stood in the statement. What cannot be seen may do anything.
 */
#include "ddl/ddl_private.h"

#include <string.h>

enum { CALLS_DEEP = 4 };

struct calls {
    GPtrArray *names; /* of char *: of functions that are not the server's own */
};

static bool note_call(const ProtobufCMessage *message, gpointer data)
{
    struct calls *calls = data;
    const char *space, *name;

    if (message->descriptor != &pg_query__func_call__descriptor)
        return true;
    const PgQuery__FuncCall *call = (const PgQuery__FuncCall *) message;
    if (ddl_qualified(call->funcname, call->n_funcname, &space, &name) &&
        g_strcmp0(space, "pg_catalog") != 0 && !ddl_strings_have(calls->names, name))
        g_ptr_array_add(calls->names, g_strdup(name));
    return true;
}

static void say_unknown(struct ddl_judge *judge, const char *name)
{
    judge->out->analysed = false;
    ddl_judge_act(judge, DDL_DYNAMIC, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE)->detail =
        g_strdup_printf("%s()", name);
}

static void judge_call(struct ddl_judge *judge, const char *name, bool surely)
{
    const struct ddl_function *function = g_hash_table_lookup(judge->schema->functions, name);

    if (function == NULL && (!surely || ddl_function_builtin(name)))
        return;
    if (function == NULL) {
        say_unknown(judge, name);
        return;
    }
    if (function->definitions->len == 0 && function->is_volatile == DDL_NO)
        return;
    if (function->opaque && surely && !ddl_function_builtin(name))
        say_unknown(judge, name);
    if (judge->depth >= CALLS_DEEP)
        return;
    /* bodies may replace the function, and so the array */
    g_autoptr(GPtrArray) definitions = g_ptr_array_ref(function->definitions);
    for (guint i = 0; i < definitions->len; i++)
        ddl_judge_function(judge, definitions->pdata[i]);
}

void ddl_judge_calls(struct ddl_judge *judge, const PgQuery__Node *node, bool surely)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    struct calls calls = {.names = names};

    if (!surely && g_hash_table_size(judge->schema->functions) == 0)
        return;
    ddl_walk(&node->base, note_call, &calls);
    for (guint i = 0; i < names->len; i++)
        judge_call(judge, names->pdata[i], surely);
}

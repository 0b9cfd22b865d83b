/*
 * The script splitter: what it finds lies in the text, in order. Where the server's own parser takes
 * the whole text, it sees the same statements.
 */
#include "sql/sql_script.h"

#include <pg_query.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(const struct sql_script *script)
{
    gsize last = 0;

    for (guint i = 0; i < script->statements->len; i++) {
        const struct sql_statement *at =
            &g_array_index(script->statements, struct sql_statement, i);
        guint column;
        g_assert(at->length > 0 && at->start >= last && at->lead <= at->start);
        last = at->start + at->length;
        g_assert(last <= script->length);
        g_assert(at->line == sql_script_line(script, at->start, &column) && column > 0);
    }
    last = 0;
    for (guint i = 0; i < script->comments->len; i++) {
        const struct sql_comment *at = &g_array_index(script->comments, struct sql_comment, i);
        g_assert(at->length >= 2 && at->start >= last);
        last = at->start + at->length;
        g_assert(last <= script->length);
    }
    for (guint i = 0; i < script->problems->len; i++)
        g_assert(g_array_index(script->problems, struct sql_problem, i).start <=
                 script->length);
}

static void compare(const struct sql_script *script)
{
    PgQuerySplitResult theirs = pg_query_split_with_parser(script->text);

    if (theirs.error == NULL) {
        g_assert((guint) theirs.n_stmts == script->statements->len);
        for (guint i = 0; i < script->statements->len; i++) {
            const struct sql_statement *ours =
                &g_array_index(script->statements, struct sql_statement, i);
            gsize start = (gsize) theirs.stmts[i]->stmt_location;
            gsize length = (gsize) theirs.stmts[i]->stmt_len;
            g_assert(ours->start >= start && ours->start + ours->length <= start + length);
        }
    }
    pg_query_free_split_result(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(sql_script) script = sql_script_new((const char *) data, size);

    check_order(script);
    /* Much nesting exhausts their stack. */
    if (size < 4096)
        compare(script);
    return 0;
}

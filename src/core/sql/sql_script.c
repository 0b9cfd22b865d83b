#include "sql/sql_script.h"

#include "sql/sql_scan.h"

#include <string.h>

/* Of no character, and refused by the parser wherever it is not part of a constant or a name. */
#define SUBSTITUTE '\x1a'

static void problem_clear(gpointer data)
{
    struct sql_problem *problem = data;

    g_free(problem->message);
}

void sql_scan_problem(struct sql_script *script, enum sql_problem_kind kind, gsize start,
                      const char *message)
{
    const struct sql_problem problem = {
        .kind = kind,
        .start = start,
        .line = sql_script_line(script, start, NULL),
        .message = g_strdup(message),
    };

    g_array_append_val(script->problems, problem);
}

static void find_lines(struct sql_script *script)
{
    const char *end = script->text + script->length;
    gsize start = 0;

    g_array_append_val(script->lines, start);
    for (const char *at = script->text; (at = memchr(at, '\n', (gsize) (end - at))) != NULL;) {
        at++;
        start = (gsize) (at - script->text);
        g_array_append_val(script->lines, start);
    }
}

/* What the server would refuse as text is replaced byte by byte, so that offsets stay, and told
 * once: behind one bad byte there are mostly more. */
static void mend_encoding(struct sql_script *script, const char *message)
{
    const char *at = script->text, *end = script->text + script->length, *bad = NULL;

    while (!g_utf8_validate_len(at, (gsize) (end - at), &at)) {
        if (bad == NULL && message == NULL)
            message = *at == '\0' ? "holds a NUL byte" : "is not UTF-8";
        if (bad == NULL)
            bad = at;
        script->text[at++ - script->text] = SUBSTITUTE;
    }
    if (bad != NULL || message != NULL)
        sql_scan_problem(script, SQL_PROBLEM_ENCODING,
                         bad != NULL ? (gsize) (bad - script->text) : 0, message);
}

struct sql_script *sql_script_new(const char *text, gsize length)
{
    struct sql_script *script = g_new0(struct sql_script, 1);
    bool wide =
        length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);

    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    script->text = g_malloc(length + 1);
    if (length > 0)
        memcpy(script->text, text, length);
    script->text[length] = '\0';
    script->length = length;
    script->lines = g_array_new(FALSE, FALSE, sizeof(gsize));
    script->statements = g_array_new(FALSE, FALSE, sizeof(struct sql_statement));
    script->comments = g_array_new(FALSE, FALSE, sizeof(struct sql_comment));
    script->problems = g_array_new(FALSE, FALSE, sizeof(struct sql_problem));
    g_array_set_clear_func(script->problems, problem_clear);
    find_lines(script);
    mend_encoding(script, wide ? "is UTF-16, not UTF-8" : NULL);
    sql_scan(script);
    return script;
}

void sql_script_free(struct sql_script *script)
{
    g_array_unref(script->lines);
    g_array_unref(script->statements);
    g_array_unref(script->comments);
    g_array_unref(script->problems);
    g_free(script->text);
    g_free(script);
}

char *sql_statement_text(const struct sql_script *script, const struct sql_statement *statement)
{
    return g_strndup(script->text + statement->start, statement->length);
}

guint sql_script_line(const struct sql_script *script, gsize offset, guint *ret_column)
{
    const gsize *lines = (const gsize *) (const void *) script->lines->data;
    guint low = 0, high = script->lines->len;

    offset = MIN(offset, script->length);
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        *(lines[middle] <= offset ? &low : &high) = middle;
    }
    if (ret_column != NULL)
        *ret_column =
            (guint) g_utf8_strlen(script->text + lines[low], (gssize) (offset - lines[low])) +
            1;
    return low + 1;
}

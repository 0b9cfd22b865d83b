#include "sql/sql_scan.h"

#include "sql/sql_words.h"

#include <string.h>

struct scan {
    struct sql_script *script;
    const char *text;
    gsize length, at;

    /* The statement at hand. */
    bool open;
    gsize start, end; /* end: behind its last token */
    int parentheses, brackets;
    struct sql_words words;
    bool told; /* of a variable of psql's in it */

    gsize before;   /* behind the statement before, its semicolon included */
    bool continues; /* an E'' string ended, and may go on behind a line break */
    gsize continues_at;
    bool no_data_end; /* no line \. is left in the script */
};

static bool is_word_start(char c)
{
    return g_ascii_isalpha(c) || c == '_' || (guchar) c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || g_ascii_isdigit(c) || c == '$';
}

static char peek(const struct scan *scan, gsize ahead)
{
    return scan->at + ahead < scan->length ? scan->text[scan->at + ahead] : '\0';
}

static void unterminated(struct scan *scan, gsize start, const char *what)
{
    scan->at = scan->length;
    sql_scan_problem(scan->script, SQL_PROBLEM_UNTERMINATED, start, what);
}

/* From an opening quote to behind the closing one; a doubled one is part of it. */
static void skip_quoted(struct scan *scan, bool backslashes)
{
    gsize start = scan->at;
    char quote = scan->text[scan->at++];

    while (scan->at < scan->length) {
        char c = scan->text[scan->at++];
        if (c == '\\' && backslashes) {
            scan->at = MIN(scan->at + 1, scan->length);
        } else if (c == quote) {
            if (peek(scan, 0) != quote)
                return;
            scan->at++;
        }
    }
    unterminated(scan, start,
                 quote == '"' ? "a quoted name does not end" : "a quoted string does not end");
}

/* "$$" or "$tag$": the length of the mark; 0: a parameter, or nothing. */
static gsize dollar_mark(const struct scan *scan)
{
    gsize length = 1;

    if (is_word_start(peek(scan, 1)))
        while (is_word_start(peek(scan, length)) || g_ascii_isdigit(peek(scan, length)))
            length++;
    return peek(scan, length) == '$' ? length + 1 : 0;
}

static void skip_dollar_quoted(struct scan *scan, gsize mark)
{
    gsize start = scan->at, body = start + mark;
    const char *end = memmem(scan->text + body, scan->length - body, scan->text + start, mark);

    if (end == NULL)
        unterminated(scan, start, "a dollar-quoted string does not end");
    else
        scan->at = (gsize) (end - scan->text) + mark;
}

static void add_comment(struct scan *scan, gsize start, bool block)
{
    const struct sql_comment comment = {
        .start = start,
        .length = scan->at - start,
        .line = sql_script_line(scan->script, start, NULL),
        .block = block,
    };

    g_array_append_val(scan->script->comments, comment);
}

static void skip_line(struct scan *scan)
{
    while (scan->at < scan->length && peek(scan, 0) != '\n' && peek(scan, 0) != '\r')
        scan->at++;
}

static void skip_block_comment(struct scan *scan)
{
    gsize start = scan->at, depth = 0;

    scan->continues = false; /* this kind may not stand between the parts of a string */
    do {
        if (scan->at >= scan->length) {
            unterminated(scan, start, "a comment does not end");
            break;
        }
        if (peek(scan, 0) == '/' && peek(scan, 1) == '*') {
            depth++;
            scan->at += 2;
        } else if (peek(scan, 0) == '*' && peek(scan, 1) == '/') {
            depth--;
            scan->at += 2;
        } else {
            scan->at++;
        }
    } while (depth > 0);
    add_comment(scan, start, true);
}

static bool skip_blank(struct scan *scan)
{
    if (strchr(" \t\n\r\f\v", peek(scan, 0)) != NULL && peek(scan, 0) != '\0') {
        scan->at++;
    } else if (peek(scan, 0) == '-' && peek(scan, 1) == '-') {
        gsize start = scan->at;
        skip_line(scan);
        add_comment(scan, start, false);
    } else if (peek(scan, 0) == '/' && peek(scan, 1) == '*') {
        skip_block_comment(scan);
    } else {
        return false;
    }
    return true;
}

/* A word, or a string with a letter in front of its quote. */
static void skip_word(struct scan *scan)
{
    gsize start = scan->at;
    char first = g_ascii_tolower(peek(scan, 0)), second = peek(scan, 1);

    if (second == '\'' && strchr("ebxn", first) != NULL) {
        scan->at++;
        skip_quoted(scan, first == 'e');
        scan->continues = first == 'e';
        scan->continues_at = scan->at;
    } else if (first == 'u' && second == '&' &&
               (peek(scan, 2) == '\'' || peek(scan, 2) == '"')) {
        scan->at += 2;
        skip_quoted(scan, false);
    } else {
        while (is_word(peek(scan, 0)))
            scan->at++;
        sql_words_heed(&scan->words, scan->text + start, scan->at - start,
                       scan->parentheses > 0);
    }
}

/* ---- psql ------------------------------------------------------------------------------------ */

/* Outside of brackets, where it could part the bounds of a slice, the server has no use for a colon
 * before a name or a quote. */
static bool is_variable(const struct scan *scan)
{
    char next = peek(scan, 1);

    return scan->brackets == 0 && (scan->at == 0 || scan->text[scan->at - 1] != ':') &&
           (is_word_start(next) || next == '\'' || next == '"');
}

static void tell_variable(struct scan *scan)
{
    if (!scan->told)
        sql_scan_problem(scan->script, SQL_PROBLEM_META_COMMAND, scan->at,
                         "a variable of psql's, which no server replaces");
    scan->told = true;
}

static void skip_meta_command(struct scan *scan)
{
    gsize start = scan->at;

    skip_line(scan);
    g_autofree char *line = g_strndup(scan->text + start, MIN(scan->at - start, 40));
    g_autofree char *valid = g_utf8_make_valid(g_strchomp(line), -1);
    g_autofree char *message =
        g_strdup_printf("\"%s\" is a command of psql's, no server knows it", valid);
    sql_scan_problem(scan->script, SQL_PROBLEM_META_COMMAND, start, message);
}

/* Behind "COPY … FROM stdin;": the lines up to "\." are data. Without that line there are none. */
static void skip_copy_data(struct scan *scan, gsize start)
{
    gsize at = scan->at;

    sql_scan_problem(scan->script, SQL_PROBLEM_COPY_DATA, start,
                     "COPY FROM stdin: its data lines can be sent by psql only");
    while (!scan->no_data_end) {
        const char *line = memchr(scan->text + at, '\n', scan->length - at);
        if (line == NULL) {
            scan->no_data_end = true;
            return;
        }
        at = (gsize) (line - scan->text) + 1;
        const char *found = scan->text + at;
        gsize left = scan->length - at;
        if (left >= 2 && memcmp(found, "\\.", 2) == 0 &&
            (left == 2 || found[2] == '\n' || found[2] == '\r')) {
            scan->at = at + 2;
            return;
        }
    }
}

/* ---- statements ------------------------------------------------------------------------------ */

/* Only blanks between two places, and less than two line breaks. */
static bool is_near(const struct scan *scan, gsize from, gsize to)
{
    guint breaks = 0;

    for (gsize i = from; i < to; i++) {
        if (!g_ascii_isspace(scan->text[i]))
            return false;
        breaks += scan->text[i] == '\n';
    }
    return breaks < 2;
}

static gsize lead_of(const struct scan *scan, gsize start)
{
    GArray *comments = scan->script->comments;
    guint line = sql_script_line(scan->script, scan->before, NULL);
    gsize lead = start;

    for (guint i = comments->len; i > 0; i--) {
        const struct sql_comment *comment = &g_array_index(comments, struct sql_comment, i - 1);
        if (comment->start > start)
            continue; /* in its midst */
        bool trails = scan->before > 0 && comment->line == line &&
                      sql_script_line(scan->script, start, NULL) != line;
        if (comment->start < scan->before || trails ||
            !is_near(scan, comment->start + comment->length, lead))
            break;
        lead = comment->start;
    }
    return lead;
}

static void end_statement(struct scan *scan)
{
    bool data = scan->open && scan->words.copies_in;
    gsize start = scan->start;

    if (scan->open) {
        const struct sql_statement statement = {
            .start = start,
            .length = scan->end - start,
            .line = sql_script_line(scan->script, start, NULL),
            .lead = lead_of(scan, start),
            .alone = sql_words_alone(&scan->words),
            .control = sql_words_control(&scan->words),
        };
        g_array_append_val(scan->script->statements, statement);
    }
    scan->before = scan->at;
    scan->open = scan->told = scan->continues = false;
    scan->parentheses = scan->brackets = 0;
    scan->words = (struct sql_words){.outside = 0};
    if (data)
        skip_copy_data(scan, start);
}

static void count_bracket(int *depth, char c, char opening)
{
    *depth = MAX(0, *depth + (c == opening ? 1 : -1));
}

static bool has_break(const struct scan *scan, gsize from)
{
    for (gsize i = from; i < scan->at; i++)
        if (scan->text[i] == '\n' || scan->text[i] == '\r')
            return true;
    return false;
}

/* One token that is neither blank nor comment nor the end of a statement. */
static void skip_token(struct scan *scan)
{
    char c = peek(scan, 0);
    gsize mark;
    bool continued = scan->continues && has_break(scan, scan->continues_at);

    scan->continues = false;
    if (c == '\'' || c == '"') {
        skip_quoted(scan, c == '\'' && continued);
        scan->continues = c == '\'' && continued;
        scan->continues_at = scan->at;
        return;
    }
    if (is_word_start(c)) {
        skip_word(scan);
        return;
    }
    if (c == '$' && (mark = dollar_mark(scan)) > 0) {
        skip_dollar_quoted(scan, mark);
        return;
    }
    if (c == '\\') {
        skip_meta_command(scan);
        return;
    }
    if (c == ':' && is_variable(scan))
        tell_variable(scan);
    if (c == '(' || c == ')')
        count_bracket(&scan->parentheses, c, '(');
    if (c == '[' || c == ']')
        count_bracket(&scan->brackets, c, '[');
    scan->at++;
}

void sql_scan(struct sql_script *script)
{
    struct scan scan = {.script = script, .text = script->text, .length = script->length};

    while (scan.at < scan.length) {
        if (skip_blank(&scan))
            continue;
        if (scan.text[scan.at] == ';' && scan.parentheses == 0 && scan.words.bodies == 0) {
            scan.at++;
            end_statement(&scan);
            continue;
        }
        gsize start = scan.at;
        bool meta = scan.text[start] == '\\' && !scan.open;
        skip_token(&scan);
        if (meta)
            continue; /* stands between statements, and is none */
        if (!scan.open)
            scan.start = start;
        scan.open = true;
        scan.end = scan.at;
    }
    end_statement(&scan);
}

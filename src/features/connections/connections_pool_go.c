/* Go's tokens: comments, strings and runes are passed over, semicolons are put in where the
 * language does so by itself. */
#include "connections_pool_go.h"

#include <string.h>

struct lexer {
    struct go_file *file;
    gsize length, at;
    guint line;
    bool ends; /* a line break here ends a statement */
};

static char peek(const struct lexer *lexer, gsize ahead)
{
    gsize at = lexer->at + ahead;

    return at < lexer->length ? lexer->file->text[at] : '\0';
}

static bool more(const struct lexer *lexer)
{
    return lexer->at < lexer->length;
}

static void step(struct lexer *lexer, gsize count)
{
    for (; count > 0 && more(lexer); count--)
        lexer->line += lexer->file->text[lexer->at++] == '\n';
}

static void add(struct lexer *lexer, enum go_kind kind, gsize start, guint line)
{
    struct go_token token = {kind, line, start, lexer->at - start, 0};

    g_array_append_val(lexer->file->tokens, token);
}

/* ---- one token ----------------------------------------------------------------------------- */

/* Letters beyond ASCII are letters in Go as well. */
static bool is_letter(char byte)
{
    return g_ascii_isalpha(byte) || byte == '_' || (byte & 0x80) != 0;
}

static bool is_word(char byte)
{
    return is_letter(byte) || g_ascii_isdigit(byte);
}

/* A line break within a comment counts as one; it is left in place where it may end a statement. */
static bool skip_comment(struct lexer *lexer)
{
    if (peek(lexer, 0) != '/' || (peek(lexer, 1) != '/' && peek(lexer, 1) != '*'))
        return false;
    if (peek(lexer, 1) == '/') {
        while (more(lexer) && peek(lexer, 0) != '\n')
            step(lexer, 1);
        return true;
    }
    guint line = lexer->line;
    gsize start = lexer->at;
    step(lexer, 2);
    while (more(lexer) && (peek(lexer, 0) != '*' || peek(lexer, 1) != '/'))
        step(lexer, 1);
    step(lexer, 2);
    if (lexer->line > line && lexer->ends) {
        add(lexer, GO_SEMICOLON, start, line);
        lexer->ends = false;
    }
    return true;
}

/* "…" and '…' end with their line at the latest, `…` only with its quote. */
static void read_quoted(struct lexer *lexer, char quote)
{
    step(lexer, 1);
    while (more(lexer) && peek(lexer, 0) != quote && (quote == '`' || peek(lexer, 0) != '\n'))
        step(lexer, quote != '`' && peek(lexer, 0) == '\\' && peek(lexer, 1) != '\n' ? 2 : 1);
    if (peek(lexer, 0) == quote)
        step(lexer, 1);
}

/* Digits, letters, points, and the sign behind an exponent. */
static void read_number(struct lexer *lexer)
{
    bool hexadecimal = peek(lexer, 0) == '0' && g_ascii_tolower(peek(lexer, 1)) == 'x';
    char last = '\0';

    while (is_word(peek(lexer, 0)) || peek(lexer, 0) == '.' ||
           ((peek(lexer, 0) == '+' || peek(lexer, 0) == '-') &&
            last == (hexadecimal ? 'p' : 'e'))) {
        last = g_ascii_tolower(peek(lexer, 0));
        step(lexer, 1);
    }
}

static void read_mark(struct lexer *lexer)
{
    static const char *const marks[] = {
        "...", "<<=", ">>=", "&^=", ":=", "<<", ">>", "&^", "&&", "||", "<-", "++", "--",
        "==",  "!=",  "<=",  ">=",  "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};

    for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
        gsize length = strlen(marks[i]);
        if (lexer->length - lexer->at >= length &&
            memcmp(lexer->file->text + lexer->at, marks[i], length) == 0) {
            step(lexer, length);
            return;
        }
    }
    step(lexer, 1);
}

static bool ends_statement(const struct go_file *file)
{
    static const char *const words[] = {"break", "continue", "fallthrough", "return"};
    static const char *const marks[] = {"++", "--", ")", "]", "}"};
    static const char *const keywords[] = {
        "case",    "chan",  "const",  "default", "defer",  "else",      "for",
        "func",    "go",    "goto",   "if",      "import", "interface", "map",
        "package", "range", "select", "struct",  "switch", "type",      "var"};
    guint last = file->tokens->len - 1;
    enum go_kind kind = go_token(file, last)->kind;

    if (kind == GO_MARK) {
        for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
            if (go_is(file, last, marks[i]))
                return true;
        return false;
    }
    for (gsize i = 0; kind == GO_NAME && i < G_N_ELEMENTS(words); i++)
        if (go_is(file, last, words[i]))
            return true;
    for (gsize i = 0; kind == GO_NAME && i < G_N_ELEMENTS(keywords); i++)
        if (go_is(file, last, keywords[i]))
            return false;
    return kind != GO_SEMICOLON;
}

static void read_token(struct lexer *lexer)
{
    gsize start = lexer->at;
    guint line = lexer->line;
    char byte = peek(lexer, 0);
    enum go_kind kind = GO_MARK;

    if (is_letter(byte)) {
        kind = GO_NAME;
        while (is_word(peek(lexer, 0)))
            step(lexer, 1);
    } else if (g_ascii_isdigit(byte) || (byte == '.' && g_ascii_isdigit(peek(lexer, 1)))) {
        kind = GO_NUMBER;
        read_number(lexer);
    } else if (byte == '"' || byte == '`' || byte == '\'') {
        kind = byte == '\'' ? GO_RUNE : GO_STRING;
        read_quoted(lexer, byte);
    } else if (byte == ';') {
        kind = GO_SEMICOLON;
        step(lexer, 1);
    } else {
        read_mark(lexer);
    }
    add(lexer, kind, start, line);
    lexer->ends = ends_statement(lexer->file);
}

static void read_tokens(struct lexer *lexer)
{
    while (more(lexer)) {
        gsize start = lexer->at;
        if (skip_comment(lexer))
            continue;
        if (peek(lexer, 0) != '\n' && !g_ascii_isspace(peek(lexer, 0)) &&
            peek(lexer, 0) != '\0') {
            read_token(lexer);
            continue;
        }
        bool ends = peek(lexer, 0) == '\n' && lexer->ends;
        guint line = lexer->line;
        step(lexer, 1);
        if (ends) {
            add(lexer, GO_SEMICOLON, start, line);
            lexer->ends = false;
        }
    }
    add(lexer, GO_SEMICOLON, lexer->at, lexer->line);
}

/* A bracket that is closed by one of another kind has no partner, nor have those within. */
static void pair_brackets(struct go_file *file)
{
    g_autoptr(GArray) open = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < file->tokens->len; i++) {
        struct go_token *token = &g_array_index(file->tokens, struct go_token, i);
        if (token->kind != GO_MARK || token->length != 1)
            continue;
        char mark = file->text[token->start];
        if (mark == '(' || mark == '[' || mark == '{') {
            g_array_append_val(open, i);
        } else if ((mark == ')' || mark == ']' || mark == '}') && open->len > 0) {
            guint other = g_array_index(open, guint, open->len - 1);
            struct go_token *opening = &g_array_index(file->tokens, struct go_token, other);
            char wanted = mark == ')' ? '(' : mark == ']' ? '[' : '{';
            g_array_set_size(open, open->len - 1);
            if (file->text[opening->start] == wanted) {
                token->partner = other;
                opening->partner = i;
            }
        }
    }
}

/* ---- the file ------------------------------------------------------------------------------ */

struct go_file *go_read(const char *text, gsize length)
{
    struct go_file *file = g_new0(struct go_file, 1);
    struct lexer lexer = {.file = file, .length = length, .line = 1};

    file->text = text;
    file->tokens = g_array_new(FALSE, FALSE, sizeof(struct go_token));
    file->constants = g_array_new(FALSE, FALSE, sizeof(struct go_constant));
    file->declared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    /* So that every token has one before it, and 0 is no bracket's partner. */
    add(&lexer, GO_SEMICOLON, 0, 1);
    read_tokens(&lexer);
    pair_brackets(file);
    go_find_declarations(file);
    return file;
}

void go_file_free(struct go_file *file)
{
    g_array_unref(file->tokens);
    g_array_unref(file->constants);
    g_hash_table_unref(file->declared);
    g_free(file->time_owned);
    g_free(file);
}

const struct go_token *go_token(const struct go_file *file, guint position)
{
    return &g_array_index(file->tokens, struct go_token, MIN(position, file->tokens->len - 1));
}

bool go_is(const struct go_file *file, guint position, const char *text)
{
    const struct go_token *token = go_token(file, position);

    return token->length == strlen(text) &&
           memcmp(file->text + token->start, text, token->length) == 0;
}

char *go_text(const struct go_file *file, guint position)
{
    const struct go_token *token = go_token(file, position);

    return g_strndup(file->text + token->start, token->length);
}

char *go_phrase(const struct go_file *file, guint start, guint end)
{
    GString *phrase = g_string_new(NULL);

    for (guint i = start; i < end; i++) {
        const struct go_token *token = go_token(file, i);
        const struct go_token *before = go_token(file, i - 1);
        bool written = token->kind != GO_SEMICOLON || go_is(file, i, ";");
        if (i > start && (written && token->start > before->start + before->length))
            g_string_append_c(phrase, ' ');
        if (written)
            g_string_append_len(phrase, file->text + token->start, (gssize) token->length);
    }
    return g_string_free(phrase, FALSE);
}

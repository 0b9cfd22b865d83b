/*
 * The constants of a Go file, and what an expression of them comes to. A name counts only when
 * the file declares it once, as a constant: whatever could be another variable of that name,
 * nearer by, makes it unknown.
 */
#include "connections_pool_go.h"

#include <string.h>

enum { DEEPEST = 64, MOST_OPERANDS = 10000 };

/* ---- declarations -------------------------------------------------------------------------- */

static bool is_name(const struct go_file *file, guint position)
{
    return go_token(file, position)->kind == GO_NAME;
}

static void declare(struct go_file *file, guint position)
{
    char *name = go_text(file, position);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(file->declared, name));

    g_hash_table_replace(file->declared, name, GUINT_TO_POINTER(count + 1));
}

/* The first token at or behind start that is a semicolon, or closes a bracket opened before. */
static guint statement_end(const struct go_file *file, guint start)
{
    guint at = start;

    for (; at + 1 < file->tokens->len && go_token(file, at)->kind != GO_SEMICOLON; at++) {
        guint partner = go_token(file, at)->partner;
        if (partner > at)
            at = partner;
        else if (partner != 0 || go_is(file, at, ")") || go_is(file, at, "}"))
            break;
    }
    return at;
}

/* The end of the value that starts there: a comma or the statement's end. */
static guint value_end(const struct go_file *file, guint start, guint end)
{
    guint at = start;

    while (at < end && !go_is(file, at, ",")) {
        guint partner = go_token(file, at)->partner;
        at = partner > at ? partner + 1 : at + 1;
    }
    return MIN(at, end);
}

/* a, b [TYPE] [= x, y]: from start to before end. Of a constant the value is kept. */
static void read_declaration(struct go_file *file, guint start, guint end, bool constant,
                             guint scope_end)
{
    guint names = start;
    guint equals = start;

    while (equals < end && !go_is(file, equals, "="))
        equals++;
    guint value = equals + 1;
    while (names < end && is_name(file, names)) {
        guint stop = value < end ? value_end(file, value, end) : value;
        struct go_constant found = {names, MIN(value, stop), stop, end, scope_end};
        declare(file, names);
        if (constant && value < end)
            g_array_append_val(file->constants, found);
        value = stop + 1;
        if (!go_is(file, names + 1, ","))
            break;
        names += 2;
    }
}

/* const, var, type: one declaration or a group of them in parentheses. */
static void read_group(struct go_file *file, guint keyword, guint scope_end)
{
    bool constant = go_is(file, keyword, "const");
    guint at = keyword + 1;
    guint close = go_is(file, at, "(") ? go_token(file, at)->partner : 0;

    if (close == 0) {
        read_declaration(file, at, statement_end(file, at), constant, scope_end);
        return;
    }
    for (at++; at < close;) {
        guint end = MIN(statement_end(file, at), close);
        read_declaration(file, at, end, constant, scope_end);
        at = end + 1;
    }
}

/* Every name in a function's signature may be a parameter. */
static void read_signature(struct go_file *file, guint keyword)
{
    for (guint at = keyword + 1; at + 1 < file->tokens->len; at++) {
        if (go_token(file, at)->kind == GO_SEMICOLON || go_is(file, at, "{"))
            return;
        guint close = go_is(file, at, "(") ? go_token(file, at)->partner : 0;
        for (; at < close; at++)
            if (is_name(file, at) && !go_is(file, at - 1, "."))
                declare(file, at);
    }
}

/* a, b := */
static void read_short(struct go_file *file, guint mark)
{
    guint at = mark - 1;

    while (at > 0 && is_name(file, at)) {
        declare(file, at);
        if (!go_is(file, at - 1, ",") || at < 2)
            return;
        at -= 2;
    }
}

/* [NAME] "path" */
static void read_import(struct go_file *file, guint start, guint end)
{
    bool named = start < end && go_token(file, start)->kind != GO_STRING;
    guint path = named ? start + 1 : start;

    if (path >= end || go_token(file, path)->kind != GO_STRING)
        return;
    if (go_is(file, path, "\"time\"") || go_is(file, path, "`time`")) {
        g_free(file->time_owned);
        file->time_owned = named ? go_text(file, start) : g_strdup("time");
        file->time_name = file->time_owned;
    } else if (named) {
        declare(file, start);
    }
}

static void read_imports(struct go_file *file, guint keyword)
{
    guint at = keyword + 1;
    guint close = go_is(file, at, "(") ? go_token(file, at)->partner : 0;

    if (close == 0) {
        read_import(file, at, statement_end(file, at));
        return;
    }
    for (at++; at < close;) {
        guint end = MIN(statement_end(file, at), close);
        read_import(file, at, end);
        at = end + 1;
    }
}

void go_find_declarations(struct go_file *file)
{
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(guint));
    guint whole = file->tokens->len;
    bool fragment = true; /* a piece without imports: they are elsewhere */

    for (guint i = 1; i + 1 < whole; i++) {
        while (blocks->len > 0 && g_array_index(blocks, guint, blocks->len - 1) <= i)
            g_array_set_size(blocks, blocks->len - 1);
        guint end = blocks->len > 0 ? g_array_index(blocks, guint, blocks->len - 1) : whole;
        if (go_is(file, i, "{") && go_token(file, i)->partner > i) {
            guint close = go_token(file, i)->partner;
            g_array_append_val(blocks, close);
        } else if (go_is(file, i, "const") || go_is(file, i, "var") || go_is(file, i, "type")) {
            read_group(file, i, end);
        } else if (go_is(file, i, "func")) {
            read_signature(file, i);
        } else if (go_is(file, i, ":=")) {
            read_short(file, i);
        } else if (go_is(file, i, "import")) {
            read_imports(file, i);
            fragment = false;
        }
    }
    if (fragment && file->time_name == NULL)
        file->time_name = "time";
    /* A constant of a file is known in all of it, one of a block from its end on. */
    for (guint i = 0; i < file->constants->len; i++) {
        struct go_constant *constant = &g_array_index(file->constants, struct go_constant, i);
        constant->from = constant->to == whole ? 0 : constant->from;
    }
}

/* ---- expressions --------------------------------------------------------------------------- */

struct reader {
    const struct go_file *file;
    guint at, end;
    guint depth;
    guint *
        operands; /* read so far, in constants as well: a handful may name each other 2^64 times */
};

static bool read_sum(struct reader *reader, gint64 *ret);

static bool here(const struct reader *reader, const char *mark)
{
    return reader->at < reader->end && go_is(reader->file, reader->at, mark);
}

static bool take(struct reader *reader, const char *mark)
{
    bool there = here(reader, mark);

    reader->at += there;
    return there;
}

/* 25, 1_000, 0x19, 0b11, 0o17, 017. No fractions: they divide differently. */
static bool read_number(const struct go_file *file, guint position, gint64 *ret)
{
    g_autofree char *text = go_text(file, position);
    g_autoptr(GString) digits = g_string_new(text);
    guint base = 10;
    gsize skip = 0;

    g_string_replace(digits, "_", "", 0);
    if (digits->len > 1 && digits->str[0] == '0') {
        char letter = g_ascii_tolower(digits->str[1]);
        base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
        skip = g_ascii_isdigit(letter) ? 1 : 2;
    }
    guint64 value = 0;
    bool whole =
        g_ascii_string_to_unsigned(digits->str + skip, base, 0, G_MAXINT64, &value, NULL);
    *ret = (gint64) value;
    return whole;
}

static bool time_unit(const struct go_file *file, guint position, gint64 *ret)
{
    static const struct {
        const char *name;
        gint64 nanoseconds;
    } units[] = {
        {"Nanosecond", 1},
        {"Microsecond", 1000},
        {"Millisecond", 1000000},
        {"Second", 1000000000},
        {"Minute", 60 * G_GINT64_CONSTANT(1000000000)},
        {"Hour", 3600 * G_GINT64_CONSTANT(1000000000)},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        if (go_is(file, position, units[i].name)) {
            *ret = units[i].nanoseconds;
            return true;
        }
    }
    return false;
}

static guint declarations(const struct go_file *file, guint position)
{
    g_autofree char *name = go_text(file, position);

    return GPOINTER_TO_UINT(g_hash_table_lookup(file->declared, name));
}

/* (x) of a conversion. */
static bool read_converted(struct reader *reader, gint64 *ret)
{
    bool read = take(reader, "(") && read_sum(reader, ret);

    if (read)
        take(reader, ",");
    return read && take(reader, ")");
}

/* time.Minute, time.Duration(x); the name and the point are taken already. */
static bool read_of_time(struct reader *reader, gint64 *ret)
{
    if (take(reader, "Duration"))
        return read_converted(reader, ret);
    if (reader->at >= reader->end || !time_unit(reader->file, reader->at, ret))
        return false;
    reader->at++;
    return true;
}

static const struct go_constant *constant_of(const struct go_file *file, guint position)
{
    g_autofree char *name = go_text(file, position);

    for (guint i = 0; i < file->constants->len; i++) {
        const struct go_constant *constant =
            &g_array_index(file->constants, struct go_constant, i);
        if (go_is(file, constant->name, name) && position >= constant->from &&
            position < constant->to)
            return constant;
    }
    return NULL;
}

static bool read_constant(struct reader *reader, guint position, gint64 *ret)
{
    const struct go_constant *constant = constant_of(reader->file, position);

    if (constant == NULL || constant->start >= constant->end ||
        declarations(reader->file, position) != 1 || reader->depth >= DEEPEST)
        return false;
    struct reader inner = {reader->file, constant->start, constant->end, reader->depth + 1,
                           reader->operands};
    return read_sum(&inner, ret) && inner.at == inner.end;
}

static bool read_name(struct reader *reader, gint64 *ret)
{
    static const char *const types[] = {"int",  "int8",  "int16",  "int32",  "int64",
                                        "uint", "uint8", "uint16", "uint32", "uint64"};
    const struct go_file *file = reader->file;
    guint name = reader->at++;

    if (here(reader, ".")) {
        reader->at++;
        return file->time_name != NULL && go_is(file, name, file->time_name) &&
               declarations(file, name) == 0 && read_of_time(reader, ret);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(types) && here(reader, "("); i++)
        if (go_is(file, name, types[i]) && declarations(file, name) == 0)
            return read_converted(reader, ret);
    return read_constant(reader, name, ret);
}

static bool read_operand(struct reader *reader, gint64 *ret)
{
    const struct go_file *file = reader->file;
    bool read = false;

    if (reader->at >= reader->end || ++reader->depth >= DEEPEST ||
        ++*reader->operands > MOST_OPERANDS)
        return false;
    if (take(reader, "-")) {
        read = read_operand(reader, ret) && !__builtin_sub_overflow(0, *ret, ret);
    } else if (take(reader, "+")) {
        read = read_operand(reader, ret);
    } else if (take(reader, "(")) {
        read = read_sum(reader, ret) && take(reader, ")");
    } else if (go_token(file, reader->at)->kind == GO_NUMBER) {
        read = read_number(file, reader->at++, ret);
    } else if (is_name(file, reader->at)) {
        read = read_name(reader, ret);
    }
    reader->depth--;
    return read;
}

static bool shift_left(gint64 left, gint64 right, gint64 *ret)
{
    return right >= 0 && right < 63 &&
           !__builtin_mul_overflow(left, G_GINT64_CONSTANT(1) << right, ret);
}

static bool read_product(struct reader *reader, gint64 *ret)
{
    gint64 left = 0;
    bool good = read_operand(reader, &left);

    while (good) {
        gint64 right = 0;
        if (take(reader, "*")) {
            good = read_operand(reader, &right) && !__builtin_mul_overflow(left, right, &left);
        } else if (take(reader, "/")) {
            good = read_operand(reader, &right) && right > 0;
            left = good ? left / right : 0;
        } else if (take(reader, "%")) {
            good = read_operand(reader, &right) && right > 0;
            left = good ? left % right : 0;
        } else if (take(reader, "<<")) {
            good = read_operand(reader, &right) && shift_left(left, right, &left);
        } else {
            break;
        }
    }
    *ret = left;
    return good;
}

static bool read_sum(struct reader *reader, gint64 *ret)
{
    gint64 left = 0;
    bool good = read_product(reader, &left);

    while (good) {
        gint64 right = 0;
        if (take(reader, "+"))
            good = read_product(reader, &right) && !__builtin_add_overflow(left, right, &left);
        else if (take(reader, "-"))
            good = read_product(reader, &right) && !__builtin_sub_overflow(left, right, &left);
        else
            break;
    }
    *ret = left;
    return good;
}

bool go_evaluate(const struct go_file *file, guint start, guint end, gint64 *ret)
{
    guint operands = 0;
    struct reader reader = {file, start, end, 0, &operands};
    gint64 value = 0;

    if (!read_sum(&reader, &value) || reader.at != end)
        return false;
    *ret = value;
    return true;
}

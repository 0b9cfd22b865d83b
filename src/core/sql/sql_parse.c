/* Parsing, and how it is kept from taking the program with it. */
#include "sql/sql_parse.h"

#include <errno.h>
#include <pg_query.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DEPTH_SAFE = 2000, /* a tenth of what was seen to fit in 8 MB of stack */
    DEPTH_HOPELESS =
        20000, /* nobody writes that by hand, and walking it would need a stack, too */
    DEPTH_SHORTEST = 2000, /* a text with fewer bytes has fewer tokens */
    CHILD_SECONDS = 20,
    ALIGNMENT = 16,
    CHUNK = 8192, /* bytes of the first; each one more is larger */
    CHUNK_DOUBLINGS = 10,
    MANY_ROWS = 4096, /* bytes from which on an INSERT is looked at twice */
};

/* A tree is hundreds of small parts that live as long as each other: they are taken from a few chunks
 * and given back with them. */
static void *take(void *data, size_t size)
{
    struct sql_parse *parse = data;
    gsize whole = (size + ALIGNMENT - 1) & ~(gsize) (ALIGNMENT - 1);

    if (whole > parse->room) {
        gsize chunk = MAX(whole, (gsize) CHUNK << MIN(parse->chunks->len, CHUNK_DOUBLINGS));
        g_ptr_array_add(parse->chunks, g_malloc(chunk));
        g_ptr_array_add(parse->chunks, GSIZE_TO_POINTER(chunk));
        parse->room = chunk;
    }
    char *base = parse->chunks->pdata[parse->chunks->len - 2];
    gsize size_of_chunk = GPOINTER_TO_SIZE(parse->chunks->pdata[parse->chunks->len - 1]);
    char *at = base + (size_of_chunk - parse->room);
    parse->room -= whole;
    return at;
}

static void give_back(G_GNUC_UNUSED void *data, G_GNUC_UNUSED void *pointer)
{
}

static void free_chunks(GPtrArray *chunks)
{
    for (guint i = 0; i < chunks->len; i += 2)
        g_free(chunks->pdata[i]);
    g_ptr_array_unref(chunks);
}

static PgQuery__ParseResult *unpack_into(struct sql_parse *parse, const PgQueryProtobuf *packed)
{
    ProtobufCAllocator allocator = {take, give_back, parse};

    if (parse->chunks == NULL)
        parse->chunks = g_ptr_array_new();
    return pg_query__parse_result__unpack(&allocator, packed->len,
                                          (const uint8_t *) packed->data);
}

static PgQuery__ParseResult *unpack(const PgQueryProtobuf *packed)
{
    return pg_query__parse_result__unpack(NULL, packed->len, (const uint8_t *) packed->data);
}

/* Whether a child survives it. Nobody waits for the child longer than its processor time lasts. */
static bool survives(const char *text)
{
    pid_t pid = fork();
    int status = 0;

    if (pid < 0)
        return false;
    if (pid == 0) {
        struct rlimit none = {0, 0}, seconds = {CHILD_SECONDS, CHILD_SECONDS};
        setrlimit(RLIMIT_CORE, &none);
        setrlimit(RLIMIT_CPU, &seconds);
        PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);
        PgQuery__ParseResult *tree = result.error == NULL ? unpack(&result.parse_tree) : NULL;
        if (tree != NULL)
            pg_query__parse_result__free_unpacked(tree, NULL);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const char *too_deep(const char *text, gsize length)
{
    guint depth;

    if (length < DEPTH_SHORTEST || (depth = sql_depth(text, length)) < DEPTH_SAFE)
        return NULL;
    return depth > DEPTH_HOPELESS || !survives(text) ? "it is nested too deeply to be parsed"
                                                     : NULL;
}

/* The parser counts characters, from 1. */
static gsize offset_of(const char *text, gsize length, int position)
{
    const char *at = text;

    for (int i = 1; i < position && (gsize) (at - text) < length; i++)
        at += g_utf8_skip[(guchar) *at];
    return MIN((gsize) (at - text), length);
}

static bool parse_into(struct sql_parse *parse, const char *text)
{
    PgQueryProtobufParseResult result = pg_query_parse_protobuf(text);

    if (result.error == NULL) {
        parse->tree = unpack_into(parse, &result.parse_tree);
    } else if (parse->reason == NULL) {
        parse->reason = g_strdup(result.error->message);
        parse->at = offset_of(text, strlen(text), result.error->cursorpos);
    }
    pg_query_free_protobuf_parse_result(result);
    return parse->tree != NULL;
}

static void parse_respelt(struct sql_parse *parse, const char *text)
{
    g_autofree char *respelt = sql_newer_respell(text, &parse->newer);

    if (respelt == NULL)
        return;
    if (parse_into(parse, respelt)) {
        g_clear_pointer(&parse->reason, g_free);
        parse->at = 0;
    } else {
        g_clear_pointer(&parse->newer, g_array_unref);
    }
}

struct sql_parse *sql_parse_new(const char *text, gsize length)
{
    struct sql_parse *parse = g_new0(struct sql_parse, 1);
    g_autofree char *copy = g_strndup(text, length);

    if (strlen(copy) < length) {
        parse->reason = g_strdup("it holds a zero byte");
        return parse;
    }
    if (!g_utf8_validate_len(copy, length, NULL)) {
        parse->reason = g_strdup("it is not UTF-8");
        return parse;
    }
    parse->reason = g_strdup(too_deep(copy, length));
    if (parse->reason != NULL)
        return parse;
    /* a tree of many rows is large and says no more than one of them */
    gsize row = length > MANY_ROWS && g_ascii_strncasecmp(copy, "INSERT", 6) == 0
                    ? sql_first_row(copy, length)
                    : 0;
    if (row > 0)
        copy[row] = '\0';
    if (!parse_into(parse, copy))
        parse_respelt(parse, copy);
    if (parse->tree == NULL && parse->reason == NULL)
        parse->reason = g_strdup("its tree cannot be read");
    if (parse->tree != NULL && parse->tree->n_stmts > 0)
        parse->node = parse->tree->stmts[0]->stmt;
    return parse;
}

void sql_parse_free(struct sql_parse *parse)
{
    if (parse == NULL)
        return;
    g_clear_pointer(&parse->chunks, free_chunks);
    g_clear_pointer(&parse->newer, g_array_unref);
    g_free(parse->reason);
    g_free(parse);
}

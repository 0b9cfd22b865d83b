/*
 * Types, and which change of a column's type leaves its rows as they are. The server asks its parser
 * for the cast, simplifies it, and looks whether anything but a relabelling is left
 * (ATColumnChangeRequiresRewrite); these are the outcomes for its own types.
 */
#include "ddl/ddl_private.h"

#include <string.h>

enum { HEADER = 4, MAX_PRECISION = 6, MAX_TYPE_DEPTH = 8 };

/* What a name without a schema means; and the words that are only spellings. */
static const struct {
    const char *word, *name;
} builtin[] = {
    {"serial", "int4"},
    {"serial4", "int4"},
    {"bigserial", "int8"},
    {"serial8", "int8"},
    {"smallserial", "int2"},
    {"serial2", "int2"},
    {"text", "text"},
    {"varchar", "varchar"},
    {"bpchar", "bpchar"},
    {"char", "char"},
    {"name", "name"},
    {"int2", "int2"},
    {"int4", "int4"},
    {"int8", "int8"},
    {"float4", "float4"},
    {"float8", "float8"},
    {"numeric", "numeric"},
    {"bool", "bool"},
    {"bytea", "bytea"},
    {"date", "date"},
    {"time", "time"},
    {"timetz", "timetz"},
    {"timestamp", "timestamp"},
    {"timestamptz", "timestamptz"},
    {"interval", "interval"},
    {"json", "json"},
    {"jsonb", "jsonb"},
    {"jsonpath", "jsonpath"},
    {"uuid", "uuid"},
    {"inet", "inet"},
    {"cidr", "cidr"},
    {"macaddr", "macaddr"},
    {"macaddr8", "macaddr8"},
    {"bit", "bit"},
    {"varbit", "varbit"},
    {"money", "money"},
    {"xml", "xml"},
    {"oid", "oid"},
    {"regclass", "regclass"},
    {"regtype", "regtype"},
    {"regproc", "regproc"},
    {"regprocedure", "regprocedure"},
    {"regrole", "regrole"},
    {"regnamespace", "regnamespace"},
    {"regoper", "regoper"},
    {"regoperator", "regoperator"},
    {"regconfig", "regconfig"},
    {"regdictionary", "regdictionary"},
    {"regcollation", "regcollation"},
    {"tsvector", "tsvector"},
    {"tsquery", "tsquery"},
    {"point", "point"},
    {"line", "line"},
    {"lseg", "lseg"},
    {"box", "box"},
    {"path", "path"},
    {"polygon", "polygon"},
    {"circle", "circle"},
    {"int4range", "int4range"},
    {"int8range", "int8range"},
    {"numrange", "numrange"},
    {"tsrange", "tsrange"},
    {"tstzrange", "tstzrange"},
    {"daterange", "daterange"},
    {"pg_lsn", "pg_lsn"},
    {"xid", "xid"},
    {"xid8", "xid8"},
    {"tid", "tid"},
    {"cid", "cid"},
};

static gint32 number_at(const PgQuery__TypeName *name, gsize at, gint32 fallback)
{
    const PgQuery__Node *node = at < name->n_typmods ? name->typmods[at] : NULL;
    g_autofree char *text = node == NULL ? NULL : ddl_constant_of(node);

    return text == NULL ? fallback : (gint32) g_ascii_strtoll(text, NULL, 10);
}

static gint32 typmod_of(const PgQuery__TypeName *name, const char *type)
{
    if (name->n_typmods == 0)
        return -1;
    gint32 first = number_at(name, 0, -1), second = number_at(name, 1, -1);
    if (strcmp(type, "varchar") == 0 || strcmp(type, "bpchar") == 0)
        return first + HEADER;
    if (strcmp(type, "numeric") == 0)
        return (gint32) (((guint32) first << 16) | ((guint32) MAX(second, 0) & 0x7ff)) + HEADER;
    if (strcmp(type, "interval") == 0)
        return (gint32) ((guint32) first << 16 | (guint32) (second < 0 ? 0xffff : second));
    return first;
}

static bool serial_word(const char *word)
{
    return g_str_has_prefix(word, "serial") || g_str_has_suffix(word, "serial") ||
           strcmp(word, "smallserial") == 0;
}

void ddl_type_of(const struct ddl_schema *schema, const PgQuery__TypeName *name,
                 struct ddl_type *ret_type, bool *ret_serial)
{
    const char *space = NULL, *word = "";

    *ret_serial = false;
    *ret_type = (struct ddl_type){.typmod = -1};
    if (name == NULL)
        return;
    ddl_qualified(name->names, name->n_names, &space, &word);
    const struct ddl_domain *domain = NULL;
    const struct ddl_usertype *type = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(builtin); i++) {
        if (strcmp(builtin[i].word, word) != 0 ||
            (space != NULL && strcmp(space, "pg_catalog") != 0))
            continue;
        *ret_serial = space == NULL && serial_word(word);
        space = "pg_catalog";
        word = builtin[i].name;
        break;
    }
    if (g_strcmp0(space, "pg_catalog") != 0) {
        domain = ddl_domain_find(schema, space, word);
        type = domain == NULL ? ddl_usertype_find(schema, space, word) : NULL;
        if (domain != NULL || type != NULL)
            space = domain != NULL ? domain->schema : type->schema;
    }
    ret_type->schema = g_strdup(space);
    ret_type->name = g_strdup(word);
    ret_type->typmod = typmod_of(name, word);
    ret_type->array = name->n_array_bounds > 0;
}

bool ddl_type_equal(const struct ddl_type *one, const struct ddl_type *other)
{
    return g_strcmp0(one->name, other->name) == 0 && one->array == other->array &&
           one->typmod == other->typmod &&
           (one->schema == NULL || other->schema == NULL ||
            strcmp(one->schema, other->schema) == 0);
}

char *ddl_type_words(const struct ddl_type *type)
{
    static const struct {
        const char *name, *words;
    } names[] = {{"int2", "smallint"},
                 {"int4", "integer"},
                 {"int8", "bigint"},
                 {"float4", "real"},
                 {"float8", "double precision"},
                 {"bool", "boolean"},
                 {"bpchar", "character"}};
    const char *name = type->name == NULL ? "?" : type->name;
    GString *words = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].name, name) == 0)
            name = names[i].words;
    if (type->schema != NULL && strcmp(type->schema, "pg_catalog") != 0)
        g_string_append_printf(words, "%s.", type->schema);
    g_string_append(words, name);
    if (type->typmod >= HEADER && g_strcmp0(type->name, "numeric") == 0)
        g_string_append_printf(words, "(%d,%d)", (type->typmod - HEADER) >> 16 & 0xffff,
                               (type->typmod - HEADER) & 0x7ff);
    else if (type->typmod >= HEADER &&
             (strcmp(name, "varchar") == 0 || strcmp(name, "character") == 0))
        g_string_append_printf(words, "(%d)", type->typmod - HEADER);
    else if (type->typmod >= 0 && strcmp(name, "interval") != 0)
        g_string_append_printf(words, "(%d)", type->typmod);
    if (type->array)
        g_string_append(words, "[]");
    return g_string_free(words, FALSE);
}

/* ---- domains ------------------------------------------------------------------------------- */

static bool own(const struct ddl_type *type)
{
    return type->schema == NULL || strcmp(type->schema, "pg_catalog") != 0;
}

static const struct ddl_domain *domain_of(const struct ddl_schema *schema,
                                          const struct ddl_type *type)
{
    return type->name != NULL && own(type) ? ddl_domain_find(schema, type->schema, type->name)
                                           : NULL;
}

enum ddl_truth ddl_type_volatile(const struct ddl_schema *schema, const struct ddl_type *type)
{
    const struct ddl_domain *domain = type->array ? NULL : domain_of(schema, type);

    /* a domain over a domain takes over its default unless it has its own */
    for (int depth = 0; domain != NULL && depth < MAX_TYPE_DEPTH; depth++) {
        if (domain->has_default)
            return domain->volatile_default;
        domain = domain_of(schema, &domain->base);
    }
    return DDL_NO;
}

enum ddl_truth ddl_type_constrained(const struct ddl_schema *schema,
                                    const struct ddl_type *type)
{
    const struct ddl_type *at = type;

    if (type->name == NULL || !own(type))
        return DDL_NO;
    for (int depth = 0; depth < MAX_TYPE_DEPTH; depth++) {
        const struct ddl_domain *domain = domain_of(schema, at);
        if (domain == NULL)
            break;
        if (domain->constrained || domain->not_null)
            return type->array ? DDL_NO : DDL_YES;
        at = &domain->base;
    }
    /* a table's name is that of its rows' type, too */
    if (at != type || schema->known || type->array ||
        ddl_usertype_find(schema, type->schema, type->name) != NULL ||
        ddl_schema_find(schema, type->schema, type->name) != NULL)
        return DDL_NO;
    /* what extensions bring are no domains */
    static const char *const known[] = {"citext",   "hstore",    "ltree", "vector", "halfvec",
                                        "geometry", "geography", "cube",  "lquery", "isbn"};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(type->name, known[i]) == 0)
            return DDL_NO;
    return DDL_UNKNOWN;
}

/* ---- changes ------------------------------------------------------------------------------- */

static bool pair(const struct ddl_type *from, const struct ddl_type *to, const char *a,
                 const char *b)
{
    return strcmp(from->name, a) == 0 && strcmp(to->name, b) == 0;
}

static bool one_of(const char *name, const char *words)
{
    g_auto(GStrv) each = g_strsplit(words, " ", -1);

    return g_strv_contains((const char *const *) each, name);
}

/* Casts without a function: the bytes are the same. */
static bool same_bytes(const struct ddl_type *from, const struct ddl_type *to)
{
    const char *reg = "oid regclass regtype regproc regprocedure regrole regnamespace regoper "
                      "regoperator regconfig regdictionary regcollation";

    if (one_of(from->name, "text varchar citext xml") &&
        one_of(to->name, "text varchar bpchar citext"))
        return strcmp(from->name, "xml") != 0 || strcmp(to->name, "citext") != 0;
    if (one_of(from->name, reg) && strcmp(to->name, "int4") == 0)
        return true;
    if (one_of(to->name, reg) && strcmp(from->name, "int4") == 0)
        return true;
    if (one_of(from->name, reg) && strcmp(to->name, "oid") == 0)
        return true;
    if (strcmp(from->name, "oid") == 0 && one_of(to->name, reg))
        return true;
    return pair(from, to, "cidr", "inet") || pair(from, to, "bit", "varbit") ||
           pair(from, to, "varbit", "bit") || pair(from, to, "regproc", "regprocedure") ||
           pair(from, to, "regprocedure", "regproc") ||
           pair(from, to, "regoper", "regoperator") || pair(from, to, "regoperator", "regoper");
}

static bool interval_fits(gint32 from, gint32 to)
{
    /* The mask's lowest field: what is finer is cut off. YEAR to SECOND are bits of their own. */
    static const guint32 fields[] = {1U << 12, 1U << 11, 1U << 10, 1U << 3, 1U << 1, 1U << 2};
    guint32 masks[2] = {(guint32) from >> 16, (guint32) to >> 16};
    int least[2] = {0, 0};
    gint32 old_precision = from < 0 ? 0xffff : from & 0xffff, precision = to & 0xffff;

    if (to < 0)
        return true;
    for (int i = 0; i < 2; i++)
        for (gsize n = 0; n < G_N_ELEMENTS(fields); n++)
            if ((i == 0 && from < 0) || masks[i] == 0x7fff || (masks[i] & fields[n]) != 0) {
                least[i] = (int) n;
                break;
            }
    return least[1] <= least[0] &&
           (least[0] > 0 || precision >= MAX_PRECISION || precision >= old_precision);
}

/* The same type with another length: whether every old value is a new one as it stands. */
static bool length_fits(const char *type, gint32 from, gint32 to)
{
    if (to == from || to < 0)
        return true;
    if (strcmp(type, "varchar") == 0)
        return from >= 0 && to >= from;
    if (strcmp(type, "numeric") == 0) {
        if (from < HEADER || to < HEADER)
            return false;
        guint32 old = (guint32) (from - HEADER), new = (guint32) (to - HEADER);
        return (old & 0x7ff) == (new & 0x7ff) && new >> 16 >= old >> 16;
    }
    if (strcmp(type, "varbit") == 0)
        return to == 0 || (from > 0 && to >= from);
    if (one_of(type, "timestamp timestamptz time timetz"))
        return to >= MAX_PRECISION || (from >= 0 && to >= from);
    return strcmp(type, "interval") == 0 && interval_fits(from, to);
}

static bool zone_is_utc(const char *zone)
{
    static const char *const names[] = {
        "UTC",  "GMT",      "Etc/UTC",   "Etc/GMT",       "UCT",       "Etc/UCT",
        "Zulu", "Etc/Zulu", "Universal", "Etc/Universal", "Greenwich", "Etc/Greenwich",
        "GMT0", "Etc/GMT0", "GMT+0",     "GMT-0",         "Etc/GMT+0", "Etc/GMT-0",
        "0",    "<+00>-00", "<-00>+00"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(zone, names[i]) == 0)
            return true;
    return false;
}

static struct ddl_type_change answer(bool rewrite, bool keeps_order)
{
    return (struct ddl_type_change){.rewrite = rewrite ? DDL_YES : DDL_NO,
                                    .keeps_order = keeps_order ? DDL_YES : DDL_NO};
}

static struct ddl_type_change zone_change(const struct ddl_type *to, const char *time_zone)
{
    struct ddl_type_change change = answer(true, false);

    if (to->typmod >= 0 && to->typmod < MAX_PRECISION)
        return change;
    if (time_zone == NULL) {
        change.rewrite = DDL_UNKNOWN;
        change.by_zone = true;
    } else if (zone_is_utc(time_zone)) {
        change.rewrite = DDL_NO;
    }
    return change;
}

/* Indexes keep their order where the operator class stays the same. */
static bool same_order(const struct ddl_type *from, const struct ddl_type *to)
{
    if (one_of(from->name, "text varchar") && one_of(to->name, "text varchar"))
        return true;
    return strcmp(from->name, to->name) == 0 || pair(from, to, "cidr", "inet");
}

static struct ddl_type_change base_change(const struct ddl_type *from,
                                          const struct ddl_type *to, const char *time_zone)
{
    if (from->array != to->array)
        return answer(true, false);
    if (from->array && !ddl_type_equal(from, to))
        return answer(strcmp(from->name, to->name) != 0 || to->typmod >= 0, true);
    if (strcmp(from->name, to->name) == 0)
        return answer(!length_fits(to->name, from->typmod, to->typmod), true);
    if (pair(from, to, "timestamp", "timestamptz") ||
        pair(from, to, "timestamptz", "timestamp"))
        return zone_change(to, time_zone);
    /* after a relabelling nothing is known of the old length */
    if (same_bytes(from, to))
        return answer(!length_fits(to->name, -1, to->typmod), same_order(from, to));
    if (own(from) && strcmp(from->name, "citext") != 0)
        return (struct ddl_type_change){.rewrite = DDL_YES, .keeps_order = DDL_NO};
    return answer(true, false);
}

struct ddl_type_change ddl_type_change(const struct ddl_schema *schema,
                                       const struct ddl_type *from, const struct ddl_type *to,
                                       const char *time_zone)
{
    struct ddl_type old = *from, new = *to;
    const struct ddl_domain *domain;

    if (from->name == NULL || to->name == NULL)
        return (struct ddl_type_change){.rewrite = DDL_UNKNOWN, .keeps_order = DDL_UNKNOWN};
    if (ddl_type_equal(from, to))
        return answer(false, true);
    /* out of a domain is a relabelling; into one, when it has nothing to check */
    for (int depth = 0; depth < MAX_TYPE_DEPTH; depth++) {
        domain = domain_of(schema, &old);
        if (domain == NULL || old.array)
            break;
        old = domain->base;
    }
    if (ddl_type_constrained(schema, to) != DDL_NO && !ddl_type_equal(from, to)) {
        if (domain_of(schema, to) != NULL)
            return answer(true, false);
    }
    for (int depth = 0; depth < MAX_TYPE_DEPTH; depth++) {
        domain = domain_of(schema, &new);
        if (domain == NULL || new.array)
            break;
        new = domain->base;
    }
    if (old.name == NULL || new.name == NULL)
        return (struct ddl_type_change){.rewrite = DDL_UNKNOWN, .keeps_order = DDL_UNKNOWN};
    return base_change(&old, &new, time_zone);
}

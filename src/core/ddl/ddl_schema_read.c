/* The schema of a server's database, from its catalog. */
#include "ddl/ddl_private.h"
#include "ddl_queries.h"

#include <string.h>

/* While it is read: relations by their OID. */
struct reading {
    struct ddl_schema *schema;
    GHashTable *by_oid;
};

enum { PAGE = 8192 };

static char letter(const struct rows *row, int column)
{
    const char *text = rows_text(row, 0, column);

    return text == NULL ? '\0' : text[0];
}

/* "a\1\1c": the second is an expression. */
static void names_into(GPtrArray *names, const char *text, bool empty_is_null)
{
    g_auto(GStrv) each = g_strsplit(text == NULL ? "" : text, "\1", -1);

    for (gsize i = 0; text != NULL && each[i] != NULL; i++)
        g_ptr_array_add(names, empty_is_null && each[i][0] == '\0' ? NULL : g_strdup(each[i]));
}

static struct ddl_relation *relation_of(const struct reading *reading, const struct rows *row,
                                        int column)
{
    return g_hash_table_lookup(reading->by_oid,
                               GUINT_TO_POINTER((guint32) rows_int(row, 0, column)));
}

static void add_relation(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *relation =
        ddl_schema_add(reading->schema, rows_text(row, 0, DDL_RELATIONS_SCHEMA),
                       rows_text(row, 0, DDL_RELATIONS_NAME), letter(row, DDL_RELATIONS_KIND));
    char persistence = letter(row, DDL_RELATIONS_PERSISTENCE);

    relation->oid = (guint32) rows_int(row, 0, DDL_RELATIONS_OID);
    relation->unlogged = persistence == 'u';
    relation->temporary = persistence == 't';
    relation->parent_schema = g_strdup(rows_text(row, 0, DDL_RELATIONS_PARENT_SCHEMA));
    relation->parent = g_strdup(rows_text(row, 0, DDL_RELATIONS_PARENT));
    ddl_point_at(relation, relation->parent);
    if (rows_bool(row, 0, DDL_RELATIONS_IS_PARTITION))
        relation->bound =
            g_strdup(rows_bool(row, 0, DDL_RELATIONS_IS_DEFAULT) ? "DEFAULT" : "FOR VALUES");
    relation->strategy = letter(row, DDL_RELATIONS_STRATEGY);
    if (relation->strategy != '\0') {
        relation->key = g_ptr_array_new_with_free_func(g_free);
        names_into(relation->key, rows_text(row, 0, DDL_RELATIONS_KEYS), true);
    }
    relation->method = g_strdup(rows_text(row, 0, DDL_RELATIONS_METHOD));
    relation->tablespace = g_strdup(rows_text(row, 0, DDL_RELATIONS_TABLESPACE));
    relation->of_type_schema = g_strdup(rows_text(row, 0, DDL_RELATIONS_OF_TYPE_SCHEMA));
    relation->of_type = g_strdup(rows_text(row, 0, DDL_RELATIONS_OF_TYPE));
    relation->rows = rows_real(row, 0, DDL_RELATIONS_ROWS);
    relation->bytes = MAX(rows_int(row, 0, DDL_RELATIONS_PAGES), 0) * PAGE;
    relation->bytes_indexes = rows_int(row, 0, DDL_RELATIONS_INDEX_PAGES) * PAGE;
    g_hash_table_insert(reading->by_oid, GUINT_TO_POINTER(relation->oid), relation);
}

static void add_column(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *relation = relation_of(reading, row, DDL_COLUMNS_RELATION);
    char generated = letter(row, DDL_COLUMNS_GENERATED);

    if (relation == NULL)
        return;
    struct ddl_column *column =
        ddl_column_add(relation, rows_text(row, 0, DDL_COLUMNS_NAME), NULL);
    column->type.schema = g_strdup(rows_text(row, 0, DDL_COLUMNS_TYPE_SCHEMA));
    column->type.name = g_strdup(rows_text(row, 0, DDL_COLUMNS_TYPE));
    column->type.typmod = (gint32) rows_int(row, 0, DDL_COLUMNS_TYPMOD);
    column->type.array = rows_bool(row, 0, DDL_COLUMNS_IS_ARRAY);
    column->collation = g_strdup(rows_text(row, 0, DDL_COLUMNS_COLLATION));
    column->not_null = rows_bool(row, 0, DDL_COLUMNS_NOT_NULL);
    column->has_default = rows_bool(row, 0, DDL_COLUMNS_HAS_DEFAULT);
    column->generated = generated == 's';
    column->is_virtual = generated == 'v';
    column->identity = rows_bool(row, 0, DDL_COLUMNS_IDENTITY);
}

static enum ddl_constraint_kind kind_of(char letter)
{
    switch (letter) {
    case 'f':
        return DDL_FOREIGN_KEY;
    case 'p':
        return DDL_PRIMARY_KEY;
    case 'u':
        return DDL_UNIQUE;
    case 'x':
        return DDL_EXCLUSION;
    case 'n':
        return DDL_NOT_NULL;
    default:
        return DDL_CHECK;
    }
}

static void add_constraint(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *relation = relation_of(reading, row, DDL_CONSTRAINTS_RELATION);
    const char *definition = rows_text(row, 0, DDL_CONSTRAINTS_DEFINITION);

    if (relation == NULL)
        return;
    struct ddl_constraint *constraint =
        ddl_constraint_add(relation, rows_text(row, 0, DDL_CONSTRAINTS_NAME),
                           kind_of(letter(row, DDL_CONSTRAINTS_KIND)));
    constraint->validated = rows_bool(row, 0, DDL_CONSTRAINTS_VALIDATED);
    constraint->enforced = rows_bool(row, 0, DDL_CONSTRAINTS_ENFORCED);
    names_into(constraint->columns, rows_text(row, 0, DDL_CONSTRAINTS_COLUMNS), false);
    constraint->definition = g_strdup(definition);
    if (definition != NULL)
        constraint->expression = ddl_expression_text(definition);
    constraint->referenced_schema =
        g_strdup(rows_text(row, 0, DDL_CONSTRAINTS_REFERENCED_SCHEMA));
    constraint->referenced = g_strdup(rows_text(row, 0, DDL_CONSTRAINTS_REFERENCED));
    if (constraint->referenced != NULL)
        ddl_refer_to(relation, constraint->referenced);
    names_into(constraint->referenced_columns,
               rows_text(row, 0, DDL_CONSTRAINTS_REFERENCED_COLUMNS), false);
    constraint->index = g_strdup(rows_text(row, 0, DDL_CONSTRAINTS_INDEX));
    constraint->no_inherit = rows_bool(row, 0, DDL_CONSTRAINTS_NO_INHERIT);
}

static void add_index(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *relation = relation_of(reading, row, DDL_INDEXES_RELATION);

    if (relation == NULL)
        return;
    struct ddl_index *index = ddl_index_add(relation, rows_text(row, 0, DDL_INDEXES_NAME));
    index->unique = rows_bool(row, 0, DDL_INDEXES_IS_UNIQUE);
    index->valid = rows_bool(row, 0, DDL_INDEXES_VALID);
    index->primary = rows_bool(row, 0, DDL_INDEXES_IS_PRIMARY);
    names_into(index->columns, rows_text(row, 0, DDL_INDEXES_COLUMNS), true);
    names_into(index->uses, rows_text(row, 0, DDL_INDEXES_USES), false);
    index->simple = rows_bool(row, 0, DDL_INDEXES_SIMPLE);
    index->method = g_strdup(rows_text(row, 0, DDL_INDEXES_METHOD));
    index->constraint = g_strdup(rows_text(row, 0, DDL_INDEXES_CONSTRAINT_NAME));
    index->tablespace = g_strdup(rows_text(row, 0, DDL_INDEXES_TABLESPACE));
    relation->clustered = relation->clustered || rows_bool(row, 0, DDL_INDEXES_CLUSTERED);
}

static void add_type(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    const char *schema = rows_text(row, 0, DDL_TYPES_SCHEMA);
    const char *name = rows_text(row, 0, DDL_TYPES_NAME);
    char kind = letter(row, DDL_TYPES_KIND);

    if (kind != 'd') {
        ddl_type_add(reading->schema, schema, name, kind);
        return;
    }
    struct ddl_domain *domain = ddl_domain_add(reading->schema, schema, name);
    domain->base.schema = g_strdup(rows_text(row, 0, DDL_TYPES_BASE_SCHEMA));
    domain->base.name = g_strdup(rows_text(row, 0, DDL_TYPES_BASE));
    domain->base.typmod = (gint32) rows_int(row, 0, DDL_TYPES_TYPMOD);
    domain->base.array = rows_bool(row, 0, DDL_TYPES_IS_ARRAY);
    domain->constrained = rows_bool(row, 0, DDL_TYPES_CONSTRAINED);
    domain->not_null = rows_bool(row, 0, DDL_TYPES_NOT_NULL);
    const char *value = rows_text(row, 0, DDL_TYPES_DEFAULT_TEXT);
    domain->has_default = value != NULL;
    domain->volatile_default = DDL_NO;
    if (value != NULL) {
        g_autofree char *body = g_strconcat("SELECT ", value, NULL);
        domain->volatile_default = ddl_volatile_body(reading->schema, body);
    }
}

static void add_function(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    const char *body = rows_text(row, 0, DDL_FUNCTIONS_BODY);
    enum ddl_truth is_volatile =
        letter(row, DDL_FUNCTIONS_VOLATILITY) == 'v' ? DDL_YES : DDL_NO;

    if (is_volatile == DDL_YES && body != NULL)
        is_volatile = ddl_volatile_body(reading->schema, body);
    ddl_function_add(reading->schema, rows_text(row, 0, DDL_FUNCTIONS_NAME), is_volatile,
                     rows_text(row, 0, DDL_FUNCTIONS_DEFINITION));
}

static void add_view(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *view = relation_of(reading, row, DDL_VIEWS_VIEW);

    if (view == NULL)
        return;
    if (view->reads == NULL)
        view->reads = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(view->reads, g_strdup(rows_text(row, 0, DDL_VIEWS_SCHEMA)));
    g_ptr_array_add(view->reads, g_strdup(rows_text(row, 0, DDL_VIEWS_NAME)));
}

static void add_use(const struct rows *row, gpointer data)
{
    struct reading *reading = data;
    struct ddl_relation *relation = relation_of(reading, row, DDL_USES_RELATION);
    const char *kind = rows_text(row, 0, DDL_USES_KIND);
    bool view = g_str_has_suffix(kind, "view");

    if (relation == NULL)
        return;
    ddl_use_add(relation, rows_text(row, 0, DDL_USES_COLUMN), kind,
                view ? rows_text(row, 0, DDL_USES_SCHEMA) : NULL,
                rows_text(row, 0, DDL_USES_NAME));
}

/* "$user", public: a new session's path. */
static void set_path(struct ddl_schema *schema, const char *path, const char *role)
{
    g_auto(GStrv) each = g_strsplit(path == NULL ? "public" : path, ",", -1);

    g_ptr_array_set_size(schema->path, 0);
    for (gsize i = 0; each[i] != NULL; i++) {
        char *name = g_strstrip(each[i]);
        gsize length = strlen(name);
        if (length > 1 && name[0] == '"' && name[length - 1] == '"') {
            name[length - 1] = '\0';
            name++;
        }
        if (strcmp(name, "$user") != 0) {
            g_ptr_array_add(schema->path, g_strdup(name));
            continue;
        }
        for (guint n = 0; n < schema->relations->len; n++) {
            const struct ddl_relation *relation = schema->relations->pdata[n];
            if (g_strcmp0(relation->schema, role) == 0) {
                g_ptr_array_add(schema->path, g_strdup(role));
                break;
            }
        }
    }
}

static bool read_all(struct session *session, struct reading *reading, GError **error)
{
    static const struct {
        const struct query *query;
        void (*add)(const struct rows *row, gpointer data);
    } parts[] = {
        {&query_ddl_relations, add_relation},
        {&query_ddl_columns, add_column},
        {&query_ddl_constraints, add_constraint},
        {&query_ddl_indexes, add_index},
        {&query_ddl_functions, add_function},
        {&query_ddl_views, add_view},
        {&query_ddl_uses, add_use},
        {&query_ddl_types, add_type},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!session_each(session, parts[i].query, NULL, parts[i].add, reading, error))
            return false;
    AUTO(rows) rows = session_query(session, &query_ddl_session, NULL, error);
    if (rows == NULL)
        return false;
    set_path(reading->schema, rows_text(rows, 0, DDL_SESSION_SEARCH_PATH),
             rows_text(rows, 0, DDL_SESSION_ROLE_NAME));
    reading->schema->time_zone = g_strdup(rows_text(rows, 0, DDL_SESSION_TIME_ZONE));
    return true;
}

struct ddl_schema *ddl_schema_read(struct session *session, GError **error)
{
    g_autoptr(GHashTable) by_oid = g_hash_table_new(NULL, NULL);
    struct reading reading = {.schema = ddl_schema_new(), .by_oid = by_oid};

    if (!read_all(session, &reading, error)) {
        ddl_schema_free(reading.schema);
        return NULL;
    }
    reading.schema->known = true;
    return reading.schema;
}

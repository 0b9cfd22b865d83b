/* `indexes report`: as a table with SQL to paste for people, as a document for programs. */
#include "indexes.h"
#include "out/document.h"
#include "out/grid.h"
#include "relations/chosen.h"
#include "units/units.h"

#include <string.h>

enum { ROWS_SHOWN = 25 };

/* What both forms are made from. */
struct report {
    struct call *call;
    struct session *session;
    const struct indexes_case *state;
    guint *first; /* for each index the position of its first finding */
};

/* ---- what is asked for --------------------------------------------------------------------- */

/* TOAST's indexes are nobody's business, and of what somebody keeps locked nothing is said. */
static bool shown_table(const struct report *report, guint position)
{
    const struct relation_table *table = relations_table(report->state->relations, position);

    return table->kind != 't' && table->locked == NULL &&
           chosen_table(report->call, report->state->relations, table);
}

/* ---- the document -------------------------------------------------------------------------- */

static void put_finding(struct json_text *item, const struct report *report,
                        const struct indexes_finding *finding)
{
    const struct indexes_case *state = report->state;
    g_autofree char *verdict = indexes_verdict(state, finding);
    g_autofree char *reason = indexes_reason(state, finding);
    g_autofree char *drop = indexes_drop_sql(state, finding, report->session);
    g_autofree char *undo = indexes_undo_sql(state, finding, report->session);
    g_autofree char *create = indexes_create_sql(state, finding, report->session);

    json_text_object(item, NULL);
    json_text_string(item, "kind", indexes_kind_name(finding->kind));
    json_text_string(item, "verdict", verdict);
    json_text_string(item, "reason", reason);
    json_text_string(item, "drop_sql", drop);
    json_text_string(item, "undo_sql", undo);
    if (create != NULL)
        json_text_string(item, "create_sql", create);
    json_text_close(item);
}

static void put_findings(struct json_text *item, const struct report *report, guint index,
                         guint *cursor)
{
    const GArray *findings = report->state->findings;

    json_text_list(item, "findings");
    for (; *cursor < findings->len; *cursor += 1) {
        const struct indexes_finding *finding =
            &g_array_index(findings, struct indexes_finding, *cursor);
        if (finding->index != index)
            break;
        put_finding(item, report, finding);
        if (index == INDEXES_NONE) {
            *cursor += 1;
            break;
        }
    }
    json_text_close(item);
}

/* index NULL: a foreign key lacks one. */
static void put_index(struct json_text *item, const struct relations *relations,
                      const struct relation_table *table, const struct relation_index *index)
{
    json_text_string(item, "schema", table->schema);
    json_text_string(item, "table", table->name);
    json_text_string(item, "index", index == NULL ? NULL : index->name);
    json_text_int(item, "size_bytes",
                  index == NULL ? 0 : relations_index_bytes(relations, index));
    json_text_int(item, "scans", index == NULL ? 0 : index->scans);
    json_text_int(item, "rows_read", index == NULL ? 0 : index->read);
    json_text_int(item, "rows_fetched", index == NULL ? 0 : index->fetched);
    json_text_time(item, "last_scan", index == NULL ? 0 : index->last_scan * G_USEC_PER_SEC);
}

static void index_item(struct document *document, const struct report *report, guint position,
                       guint *cursor)
{
    const struct relations *relations = report->state->relations;
    const struct relation_index *index = relations_index(relations, position);
    struct json_text *item = document_item_begin(document);

    json_text_object(item, NULL);
    put_index(item, relations, relations_table_of(relations, index), index);
    put_findings(item, report, position, cursor);
    json_text_close(item);
    document_item_end(document);
}

static void missing_item(struct document *document, const struct report *report, guint *cursor)
{
    const struct relations *relations = report->state->relations;
    const struct indexes_finding *finding =
        &g_array_index(report->state->findings, struct indexes_finding, *cursor);
    struct json_text *item = document_item_begin(document);

    json_text_object(item, NULL);
    put_index(item, relations, relations_table(relations, finding->table), NULL);
    put_findings(item, report, INDEXES_NONE, cursor);
    json_text_close(item);
    document_item_end(document);
}

static void nodes_member(struct document *document, const struct indexes_case *state)
{
    document_array(document, "nodes");
    for (guint i = 0; i < state->nodes->len; i++) {
        const struct indexes_node *node = g_ptr_array_index(state->nodes, i);
        json_t *item = json_object();
        json_object_set_new(item, "node", document_text(i == 0 ? "primary" : node->name));
        json_object_set_new(item, "seen", json_boolean(node->seen));
        json_object_set_new(item, "reason", document_text(node->trouble));
        json_object_set_new(item, "observed_since", document_time(node->sampling.first_us));
        json_object_set_new(item, "samples", json_integer(node->sampling.samples));
        document_item(document, item);
    }
    document_array_end(document);
    document_member(document, "standbys_attached", json_integer(state->standbys));
}

static void left_out_member(struct document *document, const struct report *report)
{
    const struct relations *relations = report->state->relations;

    document_array(document, "left_out");
    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        if (table->locked == NULL || table->kind == 't' ||
            !chosen_table(report->call, report->state->relations, table))
            continue;
        json_t *item = json_object();
        json_object_set_new(item, "schema", document_text(table->schema));
        json_object_set_new(item, "table", document_text(table->name));
        json_object_set_new(item, "reason", document_text(table->locked));
        document_item(document, item);
    }
    document_array_end(document);
}

static void indexes_member(struct document *document, const struct report *report)
{
    const struct relations *relations = report->state->relations;
    guint cursor = 0;

    document_array(document, "indexes");
    for (guint i = 0; i < relations->indexes->len; i++) {
        cursor = report->first[i];
        if (shown_table(report, relations_index(relations, i)->table))
            index_item(document, report, i, &cursor);
    }
    cursor = report->first[relations->indexes->len];
    while (cursor < report->state->findings->len) {
        const struct indexes_finding *finding =
            &g_array_index(report->state->findings, struct indexes_finding, cursor);
        if (shown_table(report, finding->table))
            missing_item(document, report, &cursor);
        else
            cursor++;
    }
    document_array_end(document);
}

static void show_document(const struct report *report)
{
    struct document_server server = {
        .version_num = session_version(report->session),
        .database = session_database(report->session),
        .system_identifier = session_system_identifier(report->session),
    };
    struct document *document =
        document_begin(report->call->output, "indexes.report/1", &server);

    nodes_member(document, report->state);
    indexes_member(document, report);
    left_out_member(document, report);
    document_end(document);
}

/* ---- the table ----------------------------------------------------------------------------- */

/* What to act on first, then what is not known, then what is kept; the larger first. */
static gint by_weight(gconstpointer left, gconstpointer right, gpointer data)
{
    const struct indexes_finding *a = *(const struct indexes_finding *const *) left;
    const struct indexes_finding *b = *(const struct indexes_finding *const *) right;
    const struct relations *relations = data;
    bool a_acts = a->word == INDEXES_DROP_CANDIDATE || a->index == INDEXES_NONE ||
                  a->kind == INDEXES_KIND_BLOATED;
    bool b_acts = b->word == INDEXES_DROP_CANDIDATE || b->index == INDEXES_NONE ||
                  b->kind == INDEXES_KIND_BLOATED;

    if (a_acts != b_acts)
        return a_acts ? -1 : 1;
    if ((a->word == INDEXES_UNKNOWN) != (b->word == INDEXES_UNKNOWN))
        return a->word == INDEXES_UNKNOWN ? -1 : 1;
    gint64 a_pages = a->index == INDEXES_NONE ? 0 : relations_index(relations, a->index)->pages;
    gint64 b_pages = b->index == INDEXES_NONE ? 0 : relations_index(relations, b->index)->pages;
    if (a_pages != b_pages)
        return a_pages > b_pages ? -1 : 1;
    return a < b ? -1 : a > b;
}

static GPtrArray *rows_of(const struct report *report, bool all)
{
    const struct indexes_case *state = report->state;
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < state->findings->len; i++) {
        struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        bool dull = finding->word == INDEXES_KEEP && finding->kind == INDEXES_KIND_UNUSED &&
                    finding->why != INDEXES_WHY_USED_ON;
        if (shown_table(report, finding->table) && (all || !dull))
            g_ptr_array_add(list, finding);
    }
    g_ptr_array_sort_with_data(list, by_weight, state->relations);
    return list;
}

static void add_row(struct grid *grid, const struct report *report,
                    const struct indexes_finding *finding)
{
    const struct relations *relations = report->state->relations;
    const struct relation_table *table = relations_table(relations, finding->table);
    const struct relation_index *index =
        finding->index == INDEXES_NONE ? NULL : relations_index(relations, finding->index);
    enum output_tone tone = finding->word == INDEXES_DROP_CANDIDATE ? OUTPUT_CAUTION
                            : finding->word == INDEXES_KEEP         ? OUTPUT_PLAIN
                                                                    : OUTPUT_DIM;

    grid_cellf(grid, tone, "%s.%s", table->schema, index != NULL ? index->name : table->name);
    grid_size(grid, tone, index == NULL ? GRID_NONE : relations_index_bytes(relations, index));
    grid_count(grid, tone, index == NULL ? GRID_NONE : index->scans);
    grid_count(grid, tone, index == NULL ? GRID_NONE : index->read);
    grid_count(grid, tone, index == NULL ? GRID_NONE : index->fetched);
    grid_cell(grid, tone, indexes_kind_name(finding->kind));
    grid_take(grid, tone, indexes_verdict(report->state, finding));
    grid_take(grid, tone, indexes_reason(report->state, finding));
}

/* In plain order, every index that no finding is about: the page's query, made to work. */
static void add_quiet_rows(struct grid *grid, const struct report *report)
{
    const struct relations *relations = report->state->relations;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        const struct relation_table *table = relations_table_of(relations, index);
        if (report->first[i] != report->first[i + 1] || !shown_table(report, index->table))
            continue;
        grid_cellf(grid, OUTPUT_DIM, "%s.%s", table->schema, index->name);
        grid_size(grid, OUTPUT_DIM, relations_index_bytes(relations, index));
        grid_count(grid, OUTPUT_DIM, index->scans);
        grid_count(grid, OUTPUT_DIM, index->read);
        grid_count(grid, OUTPUT_DIM, index->fetched);
        for (int column = 0; column < 3; column++)
            grid_cell(grid, OUTPUT_DIM, NULL);
    }
}

/* The SQL to paste, each with its way back; once for an index, however much speaks against it. */
static void say_sql(const struct report *report, const struct indexes_finding *finding,
                    GHashTable *said)
{
    struct output *output = report->call->output;
    g_autofree char *drop = indexes_drop_sql(report->state, finding, report->session);
    g_autofree char *undo = indexes_undo_sql(report->state, finding, report->session);
    g_autofree char *create = indexes_create_sql(report->state, finding, report->session);

    if (create != NULL)
        output_say(output, "%s;", create);
    if (drop == NULL || !g_hash_table_add(said, GUINT_TO_POINTER(finding->index + 1)))
        return;
    g_auto(GStrv) lines = g_strsplit(undo != NULL ? undo : "not known", "\n", -1);
    output_say(output, "%s;", drop);
    for (guint i = 0; lines[i] != NULL; i++)
        output_say(output, "%s%s%s", i == 0 ? "-- undo: " : "--       ", lines[i],
                   lines[i + 1] == NULL && undo != NULL ? ";" : "");
}

static void say_nodes(const struct report *report)
{
    const struct indexes_case *state = report->state;
    struct output *output = report->call->output;

    for (guint i = 0; i < state->nodes->len; i++) {
        const struct indexes_node *node = g_ptr_array_index(state->nodes, i);
        if (node->seen)
            continue;
        if (i == 0)
            output_warn(output, "the primary counts nothing, %s", node->trouble);
        else
            output_warn(output, "replica %s was not seen: %s", node->name, node->trouble);
    }
}

static void say_left_out(const struct report *report)
{
    const struct relations *relations = report->state->relations;
    struct output *output = report->call->output;
    bool all = output_verbosity(output) > 0;
    guint count = 0;

    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        if (table->locked == NULL || table->kind == 't' ||
            !chosen_table(report->call, report->state->relations, table))
            continue;
        if (!all && ++count > ROWS_SHOWN)
            continue;
        g_autofree char *text = relations_left_out(table);
        output_say(output, "Left out: %s.", text);
    }
    if (count > ROWS_SHOWN) {
        g_autofree char *more = units_format_counted(count - ROWS_SHOWN, "more table");
        output_say(output, "… and %s left out (-v names all).", more);
    }
}

static void say_summary(const struct report *report, const GPtrArray *list, guint shown)
{
    const struct relations *relations = report->state->relations;
    guint candidates = 0, unknown = 0;
    gint64 bytes = 0;
    guint last = INDEXES_NONE, indexes_count = 0;

    for (guint i = 0; i < relations->indexes->len; i++)
        indexes_count += shown_table(report, relations_index(relations, i)->table);
    for (guint i = 0; i < report->state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(report->state->findings, struct indexes_finding, i);
        if (!shown_table(report, finding->table))
            continue;
        unknown += finding->word == INDEXES_UNKNOWN;
        if (finding->word != INDEXES_DROP_CANDIDATE || finding->index == last)
            continue;
        last = finding->index;
        candidates++;
        bytes += relations_index_bytes(relations, relations_index(relations, last));
    }
    if (shown < list->len)
        output_say(report->call->output, "… and %u more findings (-v shows all)",
                   list->len - shown);
    g_autofree char *indexes = units_format_count(indexes_count);
    g_autofree char *size = units_format_size(bytes);
    output_say(report->call->output, "%s indexes: %u to drop, %s; of %u not enough is known.",
               indexes, candidates, size, unknown);
}

static void show_table(const struct report *report)
{
    static const struct grid_column columns[] = {
        {"index", false},   {"size", true},      {"scans", true},
        {"read", true},     {"fetched", true},   {"finding", false},
        {"verdict", false}, {"evidence", false}, {NULL, false},
    };
    struct output *output = report->call->output;
    bool all = output_verbosity(output) > 0 || output_format(output) == OUTPUT_CSV;
    g_autoptr(GPtrArray) list = rows_of(report, all);
    guint shown = all ? list->len : MIN(list->len, ROWS_SHOWN);
    g_autoptr(GHashTable) said = g_hash_table_new(NULL, NULL);
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < shown; i++)
        add_row(grid, report, g_ptr_array_index(list, i));
    if (all)
        add_quiet_rows(grid, report);
    if (grid_rows(grid) > 0)
        grid_print(grid, output);
    for (guint i = 0; i < shown; i++)
        say_sql(report, g_ptr_array_index(list, i), said);
    say_summary(report, list, shown);
    say_left_out(report);
}

/* ---- the command --------------------------------------------------------------------------- */

/* For each index, and behind the last, where its findings begin. */
static guint *find_firsts(const struct indexes_case *state)
{
    guint count = state->relations->indexes->len;
    guint *first = g_new0(guint, count + 1);
    guint at = 0;

    for (guint i = 0; i <= count; i++) {
        first[i] = at;
        while (i < count && at < state->findings->len &&
               g_array_index(state->findings, struct indexes_finding, at).index == i)
            at++;
    }
    return first;
}

enum runbook_exit indexes_report_command(struct call *call, GError **error)
{
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(indexes_case) state = indexes_observe(call, session, error);
    if (state == NULL || !chosen_check(call, state->relations, error))
        return RUNBOOK_FAILED;
    indexes_decide(state);
    if (!indexes_observe_definitions(session, state, error))
        return RUNBOOK_FAILED;
    indexes_keep_findings(call, session, state);
    g_autofree guint *first = find_firsts(state);
    struct report report = {call, session, state, first};
    if (output_format(call->output) == OUTPUT_JSON)
        show_document(&report);
    else
        show_table(&report);
    say_nodes(&report);
    return RUNBOOK_DONE;
}

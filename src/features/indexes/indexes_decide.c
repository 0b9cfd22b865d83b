/* From what was observed to findings. Pure. */
#include "indexes.h"

#include <string.h>

/* What all indexes are judged with. */
struct judge {
    struct indexes_case *state;
    const struct relations *relations;
    struct indexes_redundancy *redundant;
    guint *supports; /* for each index the foreign key that only it serves */
    guint8 *quiet;   /* enum indexes_quiet on the primary, of parts taken together */
    guint *node;     /* replica that decides, where the primary is quiet; INDEXES_NONE: none */
    guint8 *elsewhere; /* the gravest of the replicas' answers */
    gint64 *since;     /* quiet since then on all nodes */
    bool *gone;        /* unused: a drop-candidate */
};

static struct indexes_finding finding_of(const struct judge *judge, guint index,
                                         enum indexes_kind kind)
{
    return (struct indexes_finding){
        .index = index,
        .table = relations_index(judge->relations, index)->table,
        .kind = kind,
        .other = INDEXES_NONE,
    };
}

static void add(const struct judge *judge, struct indexes_finding *finding,
                enum indexes_word word, enum indexes_why why, guint other)
{
    finding->word = word;
    finding->why = why;
    finding->other = other;
    g_array_append_vals(judge->state->findings, finding, 1);
}

/* ---- use, on all nodes, of an index with its parts ----------------------------------------- */

/* Which answer decides when several nodes give one: a use settles it, then what is not known. */
static int gravity(enum indexes_quiet quiet)
{
    static const int gravities[] = {
        [INDEXES_QUIET] = 0,  [INDEXES_YOUNG] = 1, [INDEXES_RESET] = 2,
        [INDEXES_UNSEEN] = 3, [INDEXES_USED] = 4,
    };
    return gravities[quiet];
}

static guint position_of(const struct relations *relations, const struct relation_index *index)
{
    return (guint) (index - relations_index(relations, 0));
}

/* The topmost partitioned index it is a part of; itself when it is none. */
static guint root_of(const struct relations *relations, guint index)
{
    const struct relation_index *at = relations_index(relations, index);

    for (const struct relation_index *up; at->parent != 0; at = up) {
        up = relations_find_index(relations, at->parent);
        if (up == NULL)
            break;
    }
    return position_of(relations, at);
}

/* One node's answers, by index. */
struct answers {
    guint8 *quiet; /* enum indexes_quiet */
    gint64 *since;
};

/* Among the parts of an index one that was quiet for long speaks for those that came later and
 * were never scanned: a new partition every month does not make the whole young. */
static void take_over(const struct answers *answers, guint whole, guint part)
{
    enum indexes_quiet was = answers->quiet[whole], is = answers->quiet[part];
    bool older = was == INDEXES_YOUNG && is == INDEXES_QUIET;
    bool young = was == INDEXES_QUIET && is == INDEXES_YOUNG;

    if (older || (!young && gravity(is) > gravity(was)))
        answers->quiet[whole] = (guint8) is;
    if (answers->since[whole] == 0 || answers->since[part] < answers->since[whole])
        answers->since[whole] = answers->since[part];
}

/* A partitioned index is never scanned itself: its parts are. Without any it was not observed. */
static void judge_node(const struct judge *judge, guint node, const struct answers *answers)
{
    const struct relations *relations = judge->relations;
    const struct indexes_case *state = judge->state;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        answers->since[i] = 0;
        answers->quiet[i] =
            index->kind == 'I'
                ? INDEXES_YOUNG
                : (guint8) indexes_judge_use(g_ptr_array_index(state->nodes, node), index->oid,
                                             state->rules.evidence_ms * 1000, state->now_us,
                                             &answers->since[i]);
    }
    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        for (const struct relation_index *up = part; part->kind != 'I' && up->parent != 0;) {
            up = relations_find_index(relations, up->parent);
            if (up == NULL)
                break;
            take_over(answers, position_of(relations, up), i);
        }
    }
}

static void judge_use(struct judge *judge)
{
    guint count = judge->relations->indexes->len;
    g_autofree guint8 *quiet = g_new0(guint8, count + 1);
    g_autofree gint64 *since = g_new0(gint64, count + 1);
    const struct answers answers = {quiet, since};

    for (guint i = 0; i < count; i++) {
        judge->node[i] = INDEXES_NONE;
        judge->elsewhere[i] = INDEXES_QUIET;
    }
    for (guint node = 0; node < judge->state->nodes->len; node++) {
        judge_node(judge, node, &answers);
        for (guint i = 0; i < count; i++) {
            judge->since[i] = MAX(judge->since[i], since[i]);
            if (node == 0) {
                judge->quiet[i] = quiet[i];
            } else if (gravity(quiet[i]) > gravity(judge->elsewhere[i])) {
                judge->elsewhere[i] = quiet[i];
                judge->node[i] = node;
            }
        }
    }
}

/* ---- unused -------------------------------------------------------------------------------- */

static bool being_built(const struct relations *relations, const struct relation_index *index)
{
    guint table = relations_table_of(relations, index)->oid;

    for (guint i = 0; i < relations->builds->len; i++) {
        const struct relation_build *build =
            &g_array_index(relations->builds, struct relation_build, i);
        if (build->index == index->oid || (!index->valid && build->table == table))
            return true;
    }
    return false;
}

static bool has_why_to_keep(const struct judge *judge, guint position,
                            enum indexes_why *ret_why, guint *ret_other)
{
    const struct relation_index *index = relations_index(judge->relations, position);
    const struct {
        bool applies;
        enum indexes_why why;
    } rules[] = {
        {index->parent != 0, INDEXES_WHY_PARTITION},
        {index->primary, INDEXES_WHY_PRIMARY},
        {index->exclusion, INDEXES_WHY_EXCLUSION},
        {index->constraint != '\0', INDEXES_WHY_CONSTRAINT},
        {index->replica_identity, INDEXES_WHY_REPLICA_IDENTITY}, /* is unique always */
        {index->unique, INDEXES_WHY_UNIQUE},
        {index->clustered, INDEXES_WHY_CLUSTERED},
        {judge->supports[position] != INDEXES_NONE, INDEXES_WHY_FOREIGN_KEY},
        {being_built(judge->relations, index), INDEXES_WHY_BUILDING},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (!rules[i].applies)
            continue;
        *ret_why = rules[i].why;
        *ret_other = rules[i].why == INDEXES_WHY_FOREIGN_KEY ? judge->supports[position]
                     : rules[i].why == INDEXES_WHY_PARTITION
                         ? root_of(judge->relations, position)
                         : INDEXES_NONE;
        return true;
    }
    return false;
}

guint indexes_replicas_seen(const struct indexes_case *state)
{
    guint seen = 0;

    for (guint i = 1; i < state->nodes->len; i++)
        seen += ((const struct indexes_node *) g_ptr_array_index(state->nodes, i))->seen;
    return seen;
}

/* Quiet on the primary and free to go: what the other nodes and the evidence say. */
static void judge_evidence(const struct judge *judge, guint position,
                           struct indexes_finding *finding)
{
    const struct indexes_case *state = judge->state;
    enum indexes_quiet here = judge->quiet[position];
    enum indexes_quiet there = judge->elsewhere[position];
    guint node = judge->node[position];

    if (state->relations->in_recovery)
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_STANDBY_ASKED, INDEXES_NONE);
    else if (there == INDEXES_USED)
        add(judge, finding, INDEXES_KEEP, INDEXES_WHY_USED_ON, node);
    else if (there == INDEXES_UNSEEN)
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_NODE_UNSEEN, node);
    else if (state->standbys > indexes_replicas_seen(state))
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_STANDBY_UNLISTED, INDEXES_NONE);
    else if (here == INDEXES_UNSEEN)
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_NOT_COUNTED, INDEXES_NONE);
    else if (here == INDEXES_RESET || there == INDEXES_RESET)
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_RESET,
            here == INDEXES_RESET ? 0 : node);
    else if (here != INDEXES_QUIET || there != INDEXES_QUIET)
        add(judge, finding, INDEXES_UNKNOWN, INDEXES_WHY_YOUNG, INDEXES_NONE);
    else if (relations_index_bytes(state->relations,
                                   relations_index(state->relations, position)) <
             state->rules.min_bytes)
        add(judge, finding, INDEXES_KEEP, INDEXES_WHY_SMALL, INDEXES_NONE);
    else {
        judge->gone[position] = true;
        add(judge, finding, INDEXES_DROP_CANDIDATE, INDEXES_WHY_UNUSED, INDEXES_NONE);
    }
}

/* The parts of a partitioned index speak through it, when it is unused itself or not. */
static void judge_unused(const struct judge *judge, guint position)
{
    const struct relation_index *index = relations_index(judge->relations, position);
    struct indexes_finding finding = finding_of(judge, position, INDEXES_KIND_UNUSED);
    enum indexes_why why;
    guint other;

    if (judge->quiet[position] == INDEXES_USED || (!index->valid && index->kind != 'I'))
        return;
    finding.since_us = judge->since[position];
    if (has_why_to_keep(judge, position, &why, &other))
        add(judge, &finding, INDEXES_KEEP, why, other);
    else
        judge_evidence(judge, position, &finding);
}

/* ---- duplicate, overlapping ---------------------------------------------------------------- */

static void judge_redundant(const struct judge *judge, guint position)
{
    const struct relations *relations = judge->relations;
    const struct indexes_redundancy *redundant = &judge->redundant[position];

    if (redundant->kept == INDEXES_NONE)
        return;
    bool same = redundant->relation == INDEXES_SAME;
    struct indexes_finding finding =
        finding_of(judge, position, same ? INDEXES_KIND_DUPLICATE : INDEXES_KIND_OVERLAPPING);
    double here =
        MAX((double) relations_index_bytes(relations, relations_index(relations, position)), 1);
    double there =
        (double) relations_index_bytes(relations, relations_index(relations, redundant->kept));

    if (redundant->bound) {
        const struct relation_index *index = relations_index(relations, position);
        bool part = index->parent != 0;
        add(judge, &finding, INDEXES_KEEP,
            part ? INDEXES_WHY_PARTITION : INDEXES_WHY_BOTH_BOUND,
            part ? root_of(relations, position) : redundant->kept);
    } else if (judge->gone[redundant->kept] && !(same && judge->gone[position]))
        add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_OTHER_GOES, redundant->kept);
    else if (same)
        add(judge, &finding, INDEXES_DROP_CANDIDATE, INDEXES_WHY_SAME, redundant->kept);
    else if (judge->quiet[position] == INDEXES_USED &&
             there >= here * judge->state->rules.narrow)
        add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_NARROW, redundant->kept);
    else
        add(judge, &finding, INDEXES_DROP_CANDIDATE, INDEXES_WHY_COVERED, redundant->kept);
}

/* ---- invalid ------------------------------------------------------------------------------- */

/* "name_ccnew", "name_ccold", with a number behind where that was taken (reindex.sgml). */
static bool is_leftover(const char *name)
{
    gsize length = strlen(name);

    while (length > 0 && g_ascii_isdigit(name[length - 1]))
        length--;
    return length >= strlen("_ccnew") && (strncmp(name + length - 6, "_ccnew", 6) == 0 ||
                                          strncmp(name + length - 6, "_ccold", 6) == 0);
}

/* Somebody builds an index, and this role may not see on which table. */
static bool hidden_build(const struct relations *relations)
{
    for (guint i = 0; i < relations->builds->len; i++)
        if (g_array_index(relations->builds, struct relation_build, i).table == 0)
            return true;
    return false;
}

static void judge_invalid(const struct judge *judge, guint position)
{
    const struct relation_index *index = relations_index(judge->relations, position);
    struct indexes_finding finding = finding_of(judge, position, INDEXES_KIND_INVALID);

    if ((index->valid && index->ready && index->live) || index->passing)
        return;
    if (index->kind == 'I')
        add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_INCOMPLETE, INDEXES_NONE);
    else if (being_built(judge->relations, index))
        add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_BUILDING, INDEXES_NONE);
    else if (hidden_build(judge->relations))
        add(judge, &finding, INDEXES_UNKNOWN, INDEXES_WHY_BUILD_HIDDEN, INDEXES_NONE);
    else if (index->constraint != '\0' || index->parent != 0)
        add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_REBUILD, INDEXES_NONE);
    else
        add(judge, &finding, INDEXES_DROP_CANDIDATE,
            is_leftover(index->name) ? INDEXES_WHY_LEFTOVER : INDEXES_WHY_FAILED, INDEXES_NONE);
}

/* ---- bloated ------------------------------------------------------------------------------- */

static void judge_bloated(const struct judge *judge, guint position)
{
    const struct indexes_rules *rules = &judge->state->rules;
    struct indexes_finding finding = finding_of(judge, position, INDEXES_KIND_BLOATED);
    struct indexes_gain gain;

    if (!indexes_find_gain(judge->relations, relations_index(judge->relations, position),
                           rules->bloat_bytes, rules->bloat_fraction, &gain))
        return;
    finding.reclaimable_bytes = gain.bytes;
    finding.reclaimable_pct = gain.pct;
    finding.margin_pct = gain.margin_pct;
    add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_REBUILD, INDEXES_NONE);
}

/* ---- all of them --------------------------------------------------------------------------- */

static void judge_index(const struct judge *judge, guint position)
{
    judge_invalid(judge, position);
    judge_unused(judge, position);
    judge_bloated(judge, position);
}

static void add_missing(const struct judge *judge, const GArray *missing)
{
    for (guint i = 0; i < missing->len; i++) {
        guint key = g_array_index(missing, guint, i);
        const struct relation_foreign_key *foreign =
            &g_array_index(judge->relations->foreign_keys, struct relation_foreign_key, key);
        struct indexes_finding finding = {
            .index = INDEXES_NONE, .table = foreign->table, .kind = INDEXES_KIND_MISSING_FK};
        if (relations_table(judge->relations, foreign->table)->locked == NULL)
            add(judge, &finding, INDEXES_KEEP, INDEXES_WHY_NO_INDEX, key);
    }
}

static gint by_index(gconstpointer left, gconstpointer right)
{
    const struct indexes_finding *a = left, *b = right;

    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    return (gint) a->kind - (gint) b->kind;
}

void indexes_decide(struct indexes_case *state)
{
    const struct relations *relations = state->relations;
    guint count = relations->indexes->len + 1;
    g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autofree struct indexes_redundancy *redundant = indexes_find_redundant(state);
    g_autofree guint *supports = indexes_find_supporters(relations, redundant, missing);
    g_autofree guint8 *quiet = g_new0(guint8, count);
    g_autofree guint8 *elsewhere = g_new0(guint8, count);
    g_autofree guint *node = g_new0(guint, count);
    g_autofree gint64 *since = g_new0(gint64, count);
    g_autofree bool *gone = g_new0(bool, count);
    struct judge judge = {state, relations, redundant, supports, quiet,
                          node,  elsewhere, since,     gone};

    judge_use(&judge);
    for (guint i = 0; i < relations->indexes->len; i++)
        if (relations_table(relations, relations_index(relations, i)->table)->locked == NULL)
            judge_index(&judge, i);
    for (guint i = 0; i < relations->indexes->len; i++)
        if (relations_table(relations, relations_index(relations, i)->table)->locked == NULL)
            judge_redundant(&judge, i);
    add_missing(&judge, missing);
    g_array_sort(state->findings, by_index);
}

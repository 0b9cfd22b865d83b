/* Collecting: samples come in any number and order, and go out bounded. */
#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

static const char OTHERS[] = "(other)";
enum { MOST_LABELS = 4 };

/* One value with its labels, in the order of the metric's. */
struct sample {
    double value;
    const char *labels[MOST_LABELS]; /* valid UTF-8, of the measure's chunk */
};

struct family {
    const struct metric *metric;
    char *name;    /* "pgrunbook_vacuum_dead_rows" */
    char **labels; /* names */
    guint label_count;
    GArray *samples; /* of struct sample */
};

struct measure {
    struct session *session;
    const struct settings *settings;
    struct store *store;
    const char *target;
    guint top;
    char *section;
    gpointer observed;
    GPtrArray *families; /* in the order of their first values */
    GStringChunk *texts;
};

static void family_free(gpointer data)
{
    struct family *family = data;

    g_free(family->name);
    g_strfreev(family->labels);
    g_array_unref(family->samples);
    g_free(family);
}

struct measure *measure_new(struct session *session, const struct settings *settings,
                            struct store *store, const char *target, guint top)
{
    struct measure *measure = g_new0(struct measure, 1);

    measure->session = session;
    measure->settings = settings;
    measure->store = store;
    measure->target = target;
    measure->top = top;
    measure->families = g_ptr_array_new_with_free_func(family_free);
    measure->texts = g_string_chunk_new(4096);
    return measure;
}

void measure_free(struct measure *measure)
{
    if (measure == NULL)
        return;
    g_ptr_array_unref(measure->families);
    g_string_chunk_free(measure->texts);
    g_free(measure->section);
    g_free(measure);
}

void measure_section(struct measure *measure, const char *section, gpointer observed)
{
    measure->observed = observed;
    g_free(measure->section);
    measure->section = g_strdup(section);
}

struct session *measure_session(struct measure *measure)
{
    return measure->session;
}

const struct settings *measure_settings(const struct measure *measure)
{
    return measure->settings;
}

struct store *measure_store(struct measure *measure)
{
    return measure->store;
}

const char *measure_target(const struct measure *measure)
{
    return measure->target;
}

gpointer measure_observed(const struct measure *measure)
{
    return measure->observed;
}

char *metric_name(const char *section, const struct metric *metric)
{
    return g_strconcat("pgrunbook_", section, "_", metric->name, NULL);
}

/* A section has few families, and is asked for one after the other. */
static struct family *family_of(struct measure *measure, const struct metric *metric)
{
    for (guint i = measure->families->len; i > 0; i--) {
        struct family *known = g_ptr_array_index(measure->families, i - 1);
        if (known->metric == metric)
            return known;
    }
    struct family *family = g_new0(struct family, 1);
    family->metric = metric;
    family->name = metric_name(measure->section, metric);
    family->labels = g_strsplit(metric->labels == NULL ? "" : metric->labels, " ", -1);
    family->label_count = g_strv_length(family->labels);
    family->samples = g_array_new(FALSE, TRUE, sizeof(struct sample));
    g_assert(family->label_count <= MOST_LABELS);
    g_ptr_array_add(measure->families, family);
    return family;
}

static const char *keep(struct measure *measure, const char *text)
{
    if (text == NULL || *text == '\0')
        return "";
    if (g_utf8_validate(text, -1, NULL))
        return g_string_chunk_insert(measure->texts, text);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return g_string_chunk_insert(measure->texts, valid);
}

void measure_add(struct measure *measure, const struct metric *metric, double value, ...)
{
    struct family *family = family_of(measure, metric);
    struct sample sample = {.value = value};
    va_list arguments;

    if (!isfinite(value))
        return;
    va_start(arguments, value);
    for (guint i = 0; i < family->label_count; i++)
        sample.labels[i] = keep(measure, va_arg(arguments, const char *));
    va_end(arguments);
    g_array_append_val(family->samples, sample);
}

/* ---- bounding ------------------------------------------------------------------------------ */

static struct sample *sample_at(const struct family *family, guint index)
{
    return &g_array_index(family->samples, struct sample, index);
}

static int compare_labels(const struct sample *left, const struct sample *right)
{
    int order = 0;

    for (guint i = 0; i < MOST_LABELS && order == 0; i++)
        order = g_strcmp0(left->labels[i], right->labels[i]);
    return order;
}

static gint by_labels(gconstpointer left, gconstpointer right)
{
    return compare_labels(left, right);
}

/* Largest first; equals by name, so that the same ones are named every time. */
static gint by_value(gconstpointer left, gconstpointer right)
{
    const struct sample *a = left, *b = right;

    return a->value > b->value ? -1 : a->value < b->value ? 1 : compare_labels(a, b);
}

/* Two of the same labels would make the whole exposition invalid. Names that differ in bytes that
 * are no UTF-8 become alike. What is named of many is a sum by its nature; of others one stays. */
static void join_alike(struct family *family)
{
    guint kept = 0;

    g_array_sort(family->samples, by_labels);
    for (guint i = 0; i < family->samples->len; i++) {
        struct sample *sample = sample_at(family, i);
        struct sample *last = kept > 0 ? sample_at(family, kept - 1) : NULL;
        if (last == NULL || compare_labels(last, sample) != 0)
            *sample_at(family, kept++) = *sample;
        else if (family->metric->top)
            last->value += sample->value;
        else
            last->value = MAX(last->value, sample->value);
    }
    g_array_set_size(family->samples, kept);
}

/* The largest keep their names. The rest is one sample, whose last label says so; no schema is
 * called "", so it is nobody's name. What is zero is not worth a name. */
static void bound(struct family *family, guint top)
{
    struct sample rest = {0};
    guint named = 0;

    g_assert(family->label_count > 1);
    g_array_sort(family->samples, by_value);
    while (named < MIN(top, family->samples->len) && sample_at(family, named)->value > 0)
        named++;
    if (named == family->samples->len)
        return;
    for (guint i = named; i < family->samples->len; i++)
        rest.value += sample_at(family, i)->value;
    for (guint i = 0; i < family->label_count; i++)
        rest.labels[i] = i + 1 == family->label_count ? OTHERS : "";
    g_array_set_size(family->samples, named);
    g_array_append_val(family->samples, rest);
}

/* ---- handing over -------------------------------------------------------------------------- */

static json_t *number(double value)
{
    bool whole = fabs(value) < 9e15 && nearbyint(value) == value;

    return whole ? json_integer((json_int_t) value) : json_real(value);
}

static json_t *sample_document(const struct family *family, const struct sample *sample)
{
    json_t *labels = json_object();

    for (guint i = 0; i < family->label_count; i++)
        json_object_set_new(labels, family->labels[i], json_string(sample->labels[i]));
    return json_pack("{s:o, s:o}", "labels", labels, "value", number(sample->value));
}

static json_t *family_document(const struct family *family)
{
    const struct metric *metric = family->metric;
    json_t *samples = json_array();

    for (guint i = 0; i < family->samples->len; i++)
        json_array_append_new(samples, sample_document(family, sample_at(family, i)));
    return json_pack("{s:s, s:s, s:s?, s:s, s:o}", "name", family->name, "type",
                     metric->type == METRIC_COUNTER ? "counter" : "gauge", "unit", metric->unit,
                     "help", metric->help, "samples", samples);
}

json_t *measure_families(struct measure *measure)
{
    json_t *families = json_array();

    for (guint i = 0; i < measure->families->len; i++) {
        struct family *family = g_ptr_array_index(measure->families, i);
        join_alike(family);
        if (family->metric->top)
            bound(family, measure->top);
        if (family->samples->len > 0)
            json_array_append_new(families, family_document(family));
    }
    return families;
}

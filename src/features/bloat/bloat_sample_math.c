/* From what was found in some blocks to what all of them hold. */
#include "bloat_sample.h"

#include <math.h>

enum {
    PAGE_HEADER = 24,
    LINE_POINTER = 4,
    CHUNK = 1996,      /* of a TOAST value, at most */
    CHUNK_HEADER = 36, /* of its tuple, with its number and length */
    TOAST_KEY = 16,    /* of an index tuple: value and number */
    TOAST_FILLFACTOR = 90,
};

/* The truth is within in nine cases of ten when it is this many standard errors away. */
static const double NINE_OF_TEN = 1.645;
/* A count is believed when the sample's is this near: standard errors, and a part of the count.
 * One that was made over all of the table is believed against a sample that missed a few full
 * blocks among many that are nearly empty. */
static const double BELIEVED_ERRORS = 2.5, BELIEVED_PART = 0.005;
static const double FEW_BLOCKS = 4;
static const double SETTLED_ERRORS = 6, SETTLED_PART = 0.1;
/* What none of so many draws has shown may hold for this many of them all the same (nine cases of
 * ten). */
static const double NOTHING_SEEN = 2.3;
/* What was met in fewer blocks than this may be rare: neighbours tell little of its error. */
static const double RARE = 12;
/* Chunks are not all of a size: what that makes of the pages of a number that is known. */
static const double COUNTED_CHUNKS = 0.01;

/* ---- blocks ---------------------------------------------------------------------------------- */

GArray *bloat_sample_blocks(GRand *random, gint64 pages, gint64 wanted)
{
    gint64 count = MIN(pages, wanted);
    GArray *blocks = g_array_sized_new(FALSE, FALSE, sizeof(gint64), (guint) MAX(count, 0));

    for (gint64 i = 0; i < count; i++) {
        gint64 first = pages / count * i + pages % count * i / count;
        gint64 next = pages / count * (i + 1) + pages % count * (i + 1) / count;
        gint64 block = first + (gint64) (g_rand_double(random) * (double) (next - first));
        g_array_append_val(blocks, block);
    }
    return blocks;
}

double bloat_sample_error(const double *values, guint count, double read)
{
    double squares = 0;

    if (count < 2)
        return 0;
    for (guint i = 0; i + 1 < count; i++)
        squares += (values[i + 1] - values[i]) * (values[i + 1] - values[i]);
    return sqrt(fmax(1 - read, 0) * squares / 2 / (count - 1) / count);
}

/* By how often something so rare would be met. */
static bool rare_enough(const struct bloat_count *count, double counted)
{
    double expected = count->sampled > 0 ? count->met * counted / count->sampled : counted;

    return count->met < RARE &&
           fabs(expected - count->met) <= 1 + BELIEVED_ERRORS * sqrt(expected);
}

/* How far a count may be from the sample's and still be believed. A sample that saw too little
 * has too small an error too; of few blocks an error is itself uncertain. */
static double believed_distance(const struct bloat_count *count, double counted, bool settled)
{
    double met = fmax(count->met, 1);
    double more = count->sampled > 0 ? sqrt(fmax(counted / count->sampled, 1)) : 1;
    double error = count->error * more * (1 + FEW_BLOCKS / met);
    double missed = NOTHING_SEEN * count->sampled / met;

    return 1 + (settled ? SETTLED_ERRORS : BELIEVED_ERRORS) * error +
           (settled ? SETTLED_PART : BELIEVED_PART) * counted + missed;
}

double bloat_sample_choose(const struct bloat_count *count, bool *ret_counted)
{
    for (guint i = 0; i < G_N_ELEMENTS(count->counted); i++) {
        double counted = count->counted[i];
        double most = believed_distance(count, counted, i == 0 && count->settled);
        *ret_counted = counted >= 0 &&
                       (fabs(counted - count->sampled) <= most || rare_enough(count, counted));
        if (*ret_counted)
            return counted;
    }
    return count->sampled;
}

/* ---- tables ---------------------------------------------------------------------------------- */

enum figure { ROWS, BYTES, TOASTED, FIGURES };

/* Mean and standard error over the draws of every figure, and of bytes and toasted bytes apart
 * from what the number of rows explains. */
struct means {
    double mean[FIGURES], error[FIGURES], residual[FIGURES];
    double met[FIGURES]; /* draws with any */
};

static double figure_of(const struct bloat_draw *draw, enum figure figure)
{
    return figure == ROWS ? draw->rows : figure == BYTES ? draw->bytes : draw->toasted;
}

static void read_means(const GArray *draws, double read, struct means *ret_means)
{
    g_autofree double *values = g_new(double, draws->len + 1);

    for (enum figure figure = ROWS; figure < FIGURES; figure++) {
        double sum = 0;
        for (guint i = 0; i < draws->len; i++) {
            values[i] = figure_of(&g_array_index(draws, struct bloat_draw, i), figure);
            sum += values[i];
            ret_means->met[figure] += values[i] > 0;
        }
        ret_means->mean[figure] = draws->len > 0 ? sum / draws->len : 0;
        ret_means->error[figure] = bloat_sample_error(values, draws->len, read);
        double ratio =
            ret_means->mean[ROWS] > 0 ? ret_means->mean[figure] / ret_means->mean[ROWS] : 0;
        for (guint i = 0; i < draws->len; i++)
            values[i] -= ratio * g_array_index(draws, struct bloat_draw, i).rows;
        ret_means->residual[figure] = bloat_sample_error(values, draws->len, read);
    }
}

static double relative(double error, double mean)
{
    return mean > 0 ? error / mean : 0;
}

/* Pages of the copy, the last one as far as it is filled. */
static double filled_pages(const struct bloat_copy *copy)
{
    double before = (double) (copy->copy_pages - 1);

    if (copy->copy_pages < 2)
        return (double) copy->copy_pages;
    double rows = (double) (copy->copy_rows - copy->last_rows) / before;
    return before + fmin((double) copy->last_rows / rows, 1);
}

/* A copy of less than a page: by the bytes, because one page is all that can be measured. */
static double less_than_a_page(const struct bloat_copy *copy, double rows, double bytes)
{
    double room = copy->block_size - PAGE_HEADER;

    return fmin((bytes + LINE_POINTER * rows) / room, 1);
}

static void judge_heap(const struct bloat_copy *copy, const struct means *means,
                       const struct bloat_counters *counters, struct bloat_judgement *ret)
{
    double pages = (double) copy->pages, draws = copy->draws->len;
    bool counted;
    struct bloat_count count = {
        .counted = {counters->counted, counters->live, counters->tuples},
        .settled = counters->settled,
        .sampled = pages * means->mean[ROWS],
        .error = pages * means->error[ROWS],
        .met = means->met[ROWS],
    };

    if (copy->copy_rows == 0) {
        ret->heap.margin = fmin(NOTHING_SEEN / draws, 1) * (1 - ret->read) * pages;
        return;
    }
    ret->rows = bloat_sample_choose(&count, &counted);
    ret->scale = ret->rows / (double) copy->copy_rows;
    double filled = copy->copy_pages > 1 ? filled_pages(copy)
                                         : less_than_a_page(copy, (double) copy->copy_rows,
                                                            means->mean[BYTES] * draws);
    ret->heap.pages = ceil(filled * ret->scale);
    double error = counted ? means->residual[BYTES] : means->error[BYTES];
    ret->error = counted ? 0 : relative(means->error[ROWS], means->mean[ROWS]);
    ret->heap.margin =
        NINE_OF_TEN * relative(error, means->mean[BYTES]) * ret->heap.pages + 0.5;
}

/* ---- TOAST ----------------------------------------------------------------------------------- */

static void set_toast_index(int block_size, struct bloat_judgement *judgement)
{
    double bytes = (TOAST_KEY + LINE_POINTER) * judgement->chunks;
    double leaves =
        ceil(bloat_sample_leaves(block_size, TOAST_FILLFACTOR, bytes, judgement->chunks, true));

    judgement->toast_index.pages =
        1 + leaves + bloat_sample_levels(block_size, leaves, TOAST_KEY);
    judgement->toast_index.margin =
        judgement->toast.pages > 0
            ? judgement->toast.margin / judgement->toast.pages * judgement->toast_index.pages
            : 0;
}

/* Pages of the copy's chunks, the last one as far as it is filled: by calculation, as long as
 * that agrees with what was measured. */
static double filled_chunk_pages(const struct bloat_copy *copy, double toasted)
{
    double data = toasted > 0 ? toasted / (double) copy->chunks : CHUNK;
    double tuple = ceil((CHUNK_HEADER + fmin(data, CHUNK)) / 8) * 8 + LINE_POINTER;
    double calculated = (double) copy->chunks / ((copy->block_size - PAGE_HEADER) / tuple);

    return CLAMP(calculated, (double) copy->chunk_pages - 1, (double) copy->chunk_pages);
}

/* By chunks, which are nearly all of a size. */
static void judge_chunks(const struct bloat_copy *copy, const struct means *means,
                         const struct bloat_counters *counters, struct bloat_judgement *ret)
{
    double toasted = means->mean[TOASTED] * copy->draws->len;
    double chunks_a_byte = toasted > 0 ? (double) copy->chunks / toasted : 0;
    double pages = (double) copy->pages, met = means->met[TOASTED];
    bool counted;
    struct bloat_count count = {
        .counted = {counters->toast_live, counters->toast_tuples, -1},
        .sampled = toasted > 0 ? pages * means->mean[TOASTED] * chunks_a_byte
                               : (double) copy->chunks * ret->scale,
        .error = pages * means->error[TOASTED] * chunks_a_byte,
        .met = met,
    };

    ret->chunks = bloat_sample_choose(&count, &counted);
    if (copy->chunks > 0)
        ret->toast.pages =
            ceil(filled_chunk_pages(copy, toasted) / (double) copy->chunks * ret->chunks);
    double error = counted ? COUNTED_CHUNKS
                           : hypot(relative(means->error[TOASTED], means->mean[TOASTED]),
                                   met > 0 && met < RARE ? 1 / sqrt(met) : 0);
    ret->toast.margin = NINE_OF_TEN * error * ret->toast.pages + 1;
    ret->toast_known = true;
}

static void judge_toast(const struct bloat_copy *copy, const struct means *means,
                        const struct bloat_counters *counters, struct bloat_judgement *ret)
{
    ret->toast_known = copy->toast_pages == 0;
    if (copy->toast_pages <= 0)
        return;
    if (copy->chunk_pages == 0 && fmax(counters->toast_live, counters->toast_tuples) > 0)
        return; /* values too rare to be met */
    if (copy->chunks < 0 && copy->chunk_pages > 0) {
        ret->toast.pages = ceil((double) copy->chunk_pages * ret->scale);
        ret->toast.margin = NINE_OF_TEN *
                            relative(means->error[TOASTED], means->mean[TOASTED]) *
                            ret->toast.pages;
        ret->toast_known = true;
        return;
    }
    judge_chunks(copy, means, counters, ret);
    set_toast_index(copy->block_size, ret);
}

/* ---- all of it -------------------------------------------------------------------------------- */

static void judge_whole(const struct bloat_copy *copy, struct bloat_judgement *ret)
{
    ret->read = ret->scale = 1;
    ret->rows = (double) copy->copy_rows;
    ret->heap.pages = (double) copy->copy_pages;
    if (copy->toast_pages < 0)
        return;
    ret->toast_known = true;
    ret->toast.pages = (double) copy->chunk_pages;
    ret->chunks = (double) copy->chunks;
    if (copy->chunks >= 0)
        set_toast_index(copy->block_size, ret);
}

void bloat_sample_judge(const struct bloat_copy *copy, const struct bloat_counters *counters,
                        struct bloat_judgement *ret_judgement)
{
    struct means means = {0};

    *ret_judgement = (struct bloat_judgement){.read = 1};
    if (copy->draws == NULL) {
        judge_whole(copy, ret_judgement);
        return;
    }
    ret_judgement->blocks = copy->draws->len;
    ret_judgement->read = (double) copy->draws->len / (double) MAX(copy->pages, 1);
    read_means(copy->draws, ret_judgement->read, &means);
    judge_heap(copy, &means, counters, ret_judgement);
    judge_toast(copy, &means, counters, ret_judgement);
}

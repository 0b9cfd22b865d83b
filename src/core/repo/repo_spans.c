/* A row of lengths and their offsets, in little memory. */
#include "repo_private.h"

enum { STRIDE = 64 };

void repo_spans_init(struct repo_spans *spans)
{
    spans->lengths = g_array_new(FALSE, FALSE, sizeof(guint32));
    spans->marks = g_array_new(FALSE, FALSE, sizeof(guint64));
    spans->total = 0;
}

void repo_spans_clear(struct repo_spans *spans)
{
    g_clear_pointer(&spans->lengths, g_array_unref);
    g_clear_pointer(&spans->marks, g_array_unref);
    spans->total = 0;
}

void repo_spans_add(struct repo_spans *spans, guint32 length)
{
    if (spans->lengths->len % STRIDE == 0)
        g_array_append_val(spans->marks, spans->total);
    g_array_append_val(spans->lengths, length);
    spans->total += length;
}

guint64 repo_spans_offset(const struct repo_spans *spans, guint index)
{
    if (index >= spans->lengths->len)
        return spans->total;

    guint64 offset = g_array_index(spans->marks, guint64, index / STRIDE);
    for (guint i = index - index % STRIDE; i < index; i++)
        offset += repo_spans_length(spans, i);
    return offset;
}

guint repo_spans_find(const struct repo_spans *spans, guint64 offset)
{
    /* The last mark that is not behind the offset. */
    guint low = 0, high = spans->marks->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(spans->marks, guint64, middle) <= offset)
            low = middle;
        else
            high = middle;
    }
    if (spans->marks->len == 0)
        return 0;

    guint64 begin = g_array_index(spans->marks, guint64, low);
    guint index = low * STRIDE;
    while (index < spans->lengths->len && begin + repo_spans_length(spans, index) <= offset)
        begin += repo_spans_length(spans, index++);
    return index;
}

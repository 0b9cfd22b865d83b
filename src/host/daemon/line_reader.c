#include "daemon/line_reader.h"

#include <string.h>

struct line_reader {
    GString *pending;
    gsize longest;
    bool cut;
};

struct line_reader *line_reader_new(gsize longest)
{
    struct line_reader *reader = g_new0(struct line_reader, 1);

    reader->pending = g_string_new(NULL);
    reader->longest = longest;
    return reader;
}

void line_reader_free(struct line_reader *reader)
{
    g_string_free(reader->pending, TRUE);
    g_free(reader);
}

static void keep(struct line_reader *reader, const char *bytes, gsize length)
{
    gsize room = reader->longest - reader->pending->len;

    if (length > room)
        reader->cut = true;
    g_string_append_len(reader->pending, bytes, (gssize) MIN(length, room));
}

static void give(struct line_reader *reader,
                 void (*line)(const char *line, gsize length, bool cut, gpointer data),
                 gpointer data)
{
    GString *pending = reader->pending;

    if (pending->len > 0 && pending->str[pending->len - 1] == '\r')
        g_string_truncate(pending, pending->len - 1);
    line(pending->str, pending->len, reader->cut, data);
    g_string_truncate(pending, 0);
    reader->cut = false;
}

void line_reader_feed(struct line_reader *reader, const char *bytes, gsize length,
                      void (*line)(const char *line, gsize length, bool cut, gpointer data),
                      gpointer data)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        gsize here = end != NULL ? (gsize) (end - bytes) : length;
        keep(reader, bytes, here);
        if (end == NULL)
            return;
        give(reader, line, data);
        bytes += here + 1;
        length -= here + 1;
    }
}

void line_reader_finish(struct line_reader *reader,
                        void (*line)(const char *line, gsize length, bool cut, gpointer data),
                        gpointer data)
{
    if (reader->pending->len > 0)
        give(reader, line, data);
}

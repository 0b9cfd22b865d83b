/*
 * gzip, for who takes it. Where answers come from memory the time of packing is the daemon's: it is
 * done at the speed that costs a millisecond for what a page fetches every two seconds.
 */
#define ZLIB_CONST
#include "http/http_private.h"

#include <string.h>
#include <zlib.h>

enum {
    WINDOW = 15 + 16, /* a gzip header and trailer */
    MEMORY = 8,
    TRAILER = 4, /* the length of what was packed, in the last bytes */
    UNPACKED_MOST = 16 * 1024 * 1024,
};

/* "gzip;q=0" is a refusal. */
static bool is_wanted(const char *parameters)
{
    const char *quality = strstr(parameters, "q=");

    return quality == NULL || g_ascii_strtod(quality + strlen("q="), NULL) > 0;
}

bool http_takes_gzip(const char *accepted)
{
    g_auto(GStrv) codings = g_strsplit(accepted != NULL ? accepted : "", ",", -1);
    bool any = false;

    for (char **coding = codings; *coding != NULL; coding++) {
        gsize length = strcspn(*coding, ";");
        bool wanted = is_wanted(*coding + length);
        g_autofree char *name = g_strstrip(g_strndup(*coding, length));
        if (g_ascii_strcasecmp(name, "gzip") == 0 || g_ascii_strcasecmp(name, "x-gzip") == 0)
            return wanted;
        any |= wanted && strcmp(name, "*") == 0;
    }
    return any;
}

GBytes *http_pack(const void *data, gsize length)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt) length};

    g_assert(length <= UNPACKED_MOST);
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        g_error("out of memory");
    gsize room = deflateBound(&stream, (uLong) length);
    guchar *packed = g_malloc(room);
    stream.next_out = packed;
    stream.avail_out = (uInt) room;
    int code = deflate(&stream, Z_FINISH);
    g_assert(code == Z_STREAM_END);
    gsize size = stream.total_out;
    deflateEnd(&stream);
    return g_bytes_new_take(packed, size);
}

GBytes *http_unpack(const void *data, gsize length)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt) length};
    guint32 room = 0;

    if (length <= TRAILER)
        return NULL;
    memcpy(&room, (const guchar *) data + length - TRAILER, TRAILER);
    room = GUINT32_FROM_LE(room);
    if (room > UNPACKED_MOST)
        return NULL;
    if (inflateInit2(&stream, WINDOW) != Z_OK)
        g_error("out of memory");
    guchar *text = g_malloc((gsize) room + 1);
    stream.next_out = text;
    stream.avail_out = room + 1;
    int code = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    if (code != Z_STREAM_END || stream.total_out != room) {
        g_free(text);
        return NULL;
    }
    return g_bytes_new_take(text, room);
}

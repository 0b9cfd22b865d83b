/* Names and positions of WAL. */
#include "wal/wal_name.h"

#include <string.h>

enum { NAME_DIGITS = 24 };

static guint64 segments_per_log(guint32 segment_bytes)
{
    return (G_GUINT64_CONSTANT(1) << 32) / segment_bytes;
}

static bool good_size(guint32 segment_bytes)
{
    return segment_bytes >= 1 << 20 && segment_bytes <= 1 << 30 &&
           (segment_bytes & (segment_bytes - 1)) == 0;
}

/* PostgreSQL writes capitals, and reads nothing else. */
static bool hex_digits(const char *text, gsize count, guint64 *ret_value)
{
    guint64 value = 0;

    for (gsize i = 0; i < count; i++) {
        if (!g_ascii_isdigit(text[i]) && (text[i] < 'A' || text[i] > 'F'))
            return false;
        value = value << 4 | (guint64) g_ascii_xdigit_value(text[i]);
    }
    *ret_value = value;
    return true;
}

static enum wal_kind kind_of_rest(const char *rest)
{
    guint64 offset = 0;

    if (*rest == '\0')
        return WAL_SEGMENT;
    if (strcmp(rest, ".partial") == 0)
        return WAL_PARTIAL;
    if (strlen(rest) == 16 && rest[0] == '.' && hex_digits(rest + 1, 8, &offset) &&
        strcmp(rest + 9, ".backup") == 0)
        return WAL_BACKUP_HISTORY;
    return WAL_OTHER;
}

struct wal_name wal_name_parse(const char *name, guint32 segment_bytes)
{
    struct wal_name other = {WAL_OTHER, 0, 0}, parsed = other;
    guint64 timeline = 0, log = 0, number = 0;

    if (strlen(name) < 8 || !hex_digits(name, 8, &timeline) || timeline == 0)
        return other;
    parsed.timeline = (guint32) timeline;
    if (strcmp(name + 8, ".history") == 0) {
        parsed.kind = WAL_HISTORY;
        return parsed;
    }
    if (!good_size(segment_bytes) || strlen(name) < NAME_DIGITS ||
        !hex_digits(name + 8, 8, &log) || !hex_digits(name + 16, 8, &number) ||
        number >= segments_per_log(segment_bytes))
        return other;
    parsed.kind = kind_of_rest(name + NAME_DIGITS);
    parsed.segment = log * segments_per_log(segment_bytes) + number;
    return parsed.kind == WAL_OTHER ? other : parsed;
}

void wal_segment_name(guint32 timeline, guint64 segment, guint32 segment_bytes,
                      char ret_name[WAL_NAME_BYTES])
{
    guint64 per_log = segments_per_log(segment_bytes);

    g_snprintf(ret_name, WAL_NAME_BYTES, "%08X%08X%08X", timeline,
               (guint32) (segment / per_log), (guint32) (segment % per_log));
}

char *wal_lsn_format(guint64 lsn)
{
    return g_strdup_printf("%X/%X", (guint32) (lsn >> 32), (guint32) lsn);
}

static bool lsn_half(const char *text, gsize length, guint64 *ret_half)
{
    g_autofree char *upper = g_ascii_strup(text, (gssize) length);

    return length >= 1 && length <= 8 && hex_digits(upper, length, ret_half);
}

bool wal_lsn_parse(const char *text, guint64 *ret_lsn)
{
    const char *slash = strchr(text, '/');
    guint64 high = 0, low = 0;

    if (slash == NULL || !lsn_half(text, (gsize) (slash - text), &high) ||
        !lsn_half(slash + 1, strlen(slash + 1), &low))
        return false;
    *ret_lsn = high << 32 | low;
    return true;
}

#include "folder/folder_private.h"

#include <string.h>

gsize folder_digits(const char *name)
{
    gsize count = 0;

    while (g_ascii_isdigit(name[count]))
        count++;
    return count;
}

char *folder_number(const char *digits, gsize length)
{
    while (length > 1 && *digits == '0') {
        digits++;
        length--;
    }
    return g_strndup(digits, length);
}

/* Numbers of any length, in digits. */
static int compare_digits(const char *a, gsize a_length, const char *b, gsize b_length)
{
    while (a_length > 0 && *a == '0') {
        a++;
        a_length--;
    }
    while (b_length > 0 && *b == '0') {
        b++;
        b_length--;
    }
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return a_length > 0 ? memcmp(a, b, a_length) : 0;
}

int folder_compare_numbers(const struct folder_migration *a, const struct folder_migration *b)
{
    gsize a_digits = folder_digits(a->version), b_digits = folder_digits(b->version);

    /* A file on its own may have any name. */
    if (a_digits == 0 || b_digits == 0)
        return strcmp(a->version, b->version);
    int order = compare_digits(a->version, a_digits, b->version, b_digits);
    return order != 0 ? order : strcmp(a->version, b->version);
}

int folder_compare_versions(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        gsize a_digits = folder_digits(a), b_digits = folder_digits(b);
        int order = compare_digits(a, a_digits, b, b_digits);
        if (order != 0)
            return order;
        a += a_digits;
        b += b_digits;
        /* Anything that is no number parts numbers. */
        a += *a != '\0';
        b += *b != '\0';
    }
    return 0;
}

bool folder_same_version(enum folder_format format, const char *a, const char *b)
{
    gsize a_digits = folder_digits(a), b_digits = folder_digits(b);

    switch (format) {
    case FOLDER_GOLANG_MIGRATE:
    case FOLDER_GOOSE:
        if (a_digits > 0 && b_digits > 0 && a[a_digits] == '\0' && b[b_digits] == '\0')
            return compare_digits(a, a_digits, b, b_digits) == 0;
        return strcmp(a, b) == 0;
    case FOLDER_FLYWAY:
        if (a_digits > 0 && b_digits > 0)
            return folder_compare_versions(a, b) == 0;
        return strcmp(a, b) == 0;
    case FOLDER_AUTO:
    case FOLDER_DBMATE:
    case FOLDER_SQL_MIGRATE:
    case FOLDER_PLAIN:
        break;
    }
    return strcmp(a, b) == 0;
}

guint32 folder_crc32(guint32 before, const void *data, gsize length)
{
    const guchar *bytes = data;
    guint32 crc = ~before;

    for (gsize i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320U : 0);
    }
    return ~crc;
}

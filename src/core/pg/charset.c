#include "pg/charset.h"

#include <string.h>

const char *charset_of(const char *encoding)
{
    static const struct {
        const char *encoding, *charset;
    } known[] = {
        {"EUC_CN", "EUC-CN"},         {"EUC_JIS_2004", "EUC-JISX0213"},
        {"EUC_JP", "EUC-JP"},         {"EUC_KR", "EUC-KR"},
        {"EUC_TW", "EUC-TW"},         {"ISO_8859_5", "ISO-8859-5"},
        {"ISO_8859_6", "ISO-8859-6"}, {"ISO_8859_7", "ISO-8859-7"},
        {"ISO_8859_8", "ISO-8859-8"}, {"KOI8R", "KOI8-R"},
        {"KOI8U", "KOI8-U"},          {"LATIN1", "ISO-8859-1"},
        {"LATIN10", "ISO-8859-16"},   {"LATIN2", "ISO-8859-2"},
        {"LATIN3", "ISO-8859-3"},     {"LATIN4", "ISO-8859-4"},
        {"LATIN5", "ISO-8859-9"},     {"LATIN6", "ISO-8859-10"},
        {"LATIN7", "ISO-8859-13"},    {"LATIN8", "ISO-8859-14"},
        {"LATIN9", "ISO-8859-15"},    {"WIN1250", "CP1250"},
        {"WIN1251", "CP1251"},        {"WIN1252", "CP1252"},
        {"WIN1253", "CP1253"},        {"WIN1254", "CP1254"},
        {"WIN1255", "CP1255"},        {"WIN1256", "CP1256"},
        {"WIN1257", "CP1257"},        {"WIN1258", "CP1258"},
        {"WIN866", "CP866"},          {"WIN874", "CP874"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_ascii_strcasecmp(encoding, known[i].encoding) == 0)
            return known[i].charset;
    return NULL;
}

char *charset_utf8(const char *text, const char *encoding)
{
    const char *charset = encoding == NULL ? NULL : charset_of(encoding);
    char *converted = NULL;

    if (text == NULL)
        return NULL;
    if (charset != NULL)
        converted = g_convert(text, -1, "UTF-8", charset, NULL, NULL, NULL);
    return converted != NULL ? converted : g_utf8_make_valid(text, -1);
}

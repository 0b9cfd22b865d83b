#include "pg/charset.h"

static void expect(const char *text, const char *encoding, const char *wanted)
{
    g_autofree char *utf8 = charset_utf8(text, encoding);

    g_assert_cmpstr(utf8, ==, wanted);
}

static void test_converts(void)
{
    expect("stra\337e", "LATIN1", "straße");
    expect("\200", "WIN1252", "€");
    expect("\244", "LATIN9", "€");
    expect("\370\352", "KOI8R", "ЬЙ");
    expect("\244\242", "EUC_JP", "あ");
    expect("plain", "EUC_KR", "plain");
    expect(NULL, "LATIN1", NULL);
}

static void test_leaves(void)
{
    expect("straße", "UTF8", "straße");
    expect("straße", NULL, "straße");
    /* Nobody knows what it means: readable where it happens to be UTF-8, and never broken text. */
    expect("straße", "SQL_ASCII", "straße");
    expect("\351x", "SQL_ASCII", "\357\277\275x");
    expect("\351x", "MULE_INTERNAL", "\357\277\275x");
    expect("\201", "WIN1252", "\357\277\275");
    expect("\351", "NO_SUCH", "\357\277\275");
}

/* A misspelt charset would never convert anything: every one is known to iconv. */
static void test_all_are_known(void)
{
    static const char *const encodings[] = {
        "EUC_CN",     "EUC_JIS_2004", "EUC_JP",     "EUC_KR",  "EUC_TW",  "ISO_8859_5",
        "ISO_8859_6", "ISO_8859_7",   "ISO_8859_8", "KOI8R",   "KOI8U",   "LATIN1",
        "LATIN2",     "LATIN3",       "LATIN4",     "LATIN5",  "LATIN6",  "LATIN7",
        "LATIN8",     "LATIN9",       "LATIN10",    "WIN1250", "WIN1251", "WIN1252",
        "WIN1253",    "WIN1254",      "WIN1255",    "WIN1256", "WIN1257", "WIN1258",
        "WIN866",     "WIN874",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text =
            g_convert("a", -1, "UTF-8", charset_of(encodings[i]), NULL, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "a");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/charset/converts", test_converts);
    g_test_add_func("/charset/leaves", test_leaves);
    g_test_add_func("/charset/all-are-known", test_all_are_known);
    return g_test_run();
}

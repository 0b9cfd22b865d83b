#include "error.h"
#include "http/http_private.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void test_parse(void)
{
    static const struct {
        const char *text;
        const char *fault; /* NULL: it is well */
        guint count;
    } cases[] = {
        {"", NULL, 0},
        {"# only a comment", NULL, 0},
        {"\n \n\t\n", NULL, 0},
        {"ann viewer " HASH " 1700000000 0\n", NULL, 1},
        {"  ann \t viewer  " HASH " 1 2\r\nbob operator " HASH " 1 0", NULL, 2},
        {"ann viewer " HASH " 1\n", "line 1: there are fewer", 0},
        {"#\nann viewer " HASH " 1 0 more\n", "line 2: there are more", 0},
        {"ann boss " HASH " 1 0\n", "line 1: the role", 0},
        {"ann none " HASH " 1 0\n", "line 1: the role", 0},
        {"a/b viewer " HASH " 1 0\n", "line 1: the name is not valid", 0},
        {"ann viewer " HASH "0 1 0\n", "line 1: the SHA-256", 0},
        {"ann viewer g" HASH " 1 0\n", "line 1: the SHA-256", 0},
        {"ann viewer " HASH " -1 0\n", "line 1: a time", 0},
        {"ann viewer " HASH " 1 soon\n", "line 1: a time", 0},
        {"ann viewer " HASH " 1 99999999999999999999\n", "line 1: a time", 0},
        {"ann viewer " HASH " 1 0\nann viewer " HASH " 1 0\n", "line 2: the name is there", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        struct http_tokens *tokens =
            http_tokens_parse(cases[i].text, strlen(cases[i].text), &error);
        g_test_message("%s", cases[i].text);
        if (cases[i].fault != NULL) {
            g_assert_null(tokens);
            g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
            g_assert_nonnull(strstr(error->message, cases[i].fault));
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpuint(http_tokens_count(tokens), ==, cases[i].count);
        http_tokens_free(tokens);
    }
    g_assert_null(http_tokens_parse("#\0#", 3, NULL));
}

static void test_match(void)
{
    AUTO(http_tokens) tokens = http_tokens_parse("", 0, NULL);
    char ann[] = "ann", bob[] = "bob";
    struct http_token viewer = {.name = ann, .role = HTTP_ROLE_VIEWER, .created_s = 1};
    struct http_token actor = {.name = bob, .role = HTTP_ROLE_OPERATOR, .expires_s = 100};
    http_token_hash("pgr_one", viewer.hash);
    http_token_hash("pgr_two", actor.hash);
    g_assert_true(http_tokens_put(tokens, &viewer, NULL));
    g_assert_true(http_tokens_put(tokens, &actor, NULL));
    g_assert_false(http_tokens_put(tokens, &viewer, NULL));

    g_assert_cmpstr(http_tokens_match(tokens, "pgr_one", 50)->name, ==, "ann");
    g_assert_cmpint(http_tokens_match(tokens, "pgr_two", 99)->role, ==, HTTP_ROLE_OPERATOR);
    g_assert_null(http_tokens_match(tokens, "pgr_two", 100));
    g_assert_null(http_tokens_match(tokens, "pgr_on", 50));
    g_assert_null(http_tokens_match(tokens, "pgr_one ", 50));
    g_assert_null(http_tokens_match(tokens, "", 50));
    g_autofree char *endless = g_strnfill(100000, 'x');
    g_assert_null(http_tokens_match(tokens, endless, 50));

    g_autofree char *text = http_tokens_format(tokens);
    AUTO(http_tokens) again = http_tokens_parse(text, strlen(text), NULL);
    g_assert_cmpuint(http_tokens_count(again), ==, 2);
    g_assert_true(memcmp(http_tokens_at(again, 1)->hash, actor.hash, 32) == 0);
    g_assert_true(http_tokens_drop(tokens, "ann", NULL));
    g_assert_false(http_tokens_drop(tokens, "ann", NULL));
    g_assert_null(http_tokens_match(tokens, "pgr_one", 50));
}

static void test_names(void)
{
    g_autofree char *longest = g_strnfill(64, 'a'), *longer = g_strnfill(65, 'a');
    g_assert_true(http_token_name_valid("ann.b-c_9"));
    g_assert_true(http_token_name_valid(longest));
    g_assert_false(http_token_name_valid(longer));
    g_assert_false(http_token_name_valid(""));
    g_assert_false(http_token_name_valid("ä"));
    g_assert_false(http_token_name_valid("a b"));
}

static void test_file(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("tokens-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "state", "tokens", NULL);
    g_autofree char *ann = NULL, *bob = NULL, *text = NULL;
    GStatBuf status;

    AUTO(http_tokens) none = http_tokens_read(path, NULL);
    g_assert_cmpuint(http_tokens_count(none), ==, 0);
    g_assert_true(http_tokens_add(path, "ann", HTTP_ROLE_VIEWER, 0, &ann, NULL));
    g_assert_true(http_tokens_add(path, "bob", HTTP_ROLE_OPERATOR, 0, &bob, NULL));
    g_assert_cmpuint(strlen(ann), ==, 4 + 43);
    g_assert_true(g_str_has_prefix(ann, "pgr_"));
    g_assert_cmpstr(ann, !=, bob);
    g_assert_cmpint(g_stat(path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_null(strstr(text, ann));

    AUTO(http_tokens) tokens = http_tokens_read(path, NULL);
    g_assert_cmpstr(http_tokens_match(tokens, bob, 1)->name, ==, "bob");
    char *no_secret = NULL;
    g_assert_false(http_tokens_add(path, "bob", HTTP_ROLE_VIEWER, 0, &no_secret, NULL));
    g_assert_null(no_secret);
    g_assert_true(http_tokens_remove(path, "ann", NULL));
    g_assert_false(http_tokens_remove(path, "ann", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_clear_error(&error);

    g_assert_cmpint(g_chmod(path, 0640), ==, 0);
    g_assert_null(http_tokens_read(path, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "chmod 600"));
    g_unlink(path);
    g_autofree char *state = g_path_get_dirname(path);
    g_assert_cmpint(g_rmdir(state), ==, 0); /* nothing was left beside it */
    g_rmdir(folder);
}

static void count_warning(const char *text, gpointer data)
{
    g_assert_nonnull(strstr(text, "nobody may act"));
    ++*(guint *) data;
}

static guint tokens_seen(struct http_keyring *keyring)
{
    const struct http_tokens *tokens = http_keyring_look(keyring, NULL);

    g_assert_nonnull(tokens);
    return http_tokens_count(tokens);
}

/* Into a folder that may not be entered nobody sees: that is no file that is gone. */
static void test_keyring(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("tokens-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "tokens", NULL);
    g_autofree char *ann = NULL;
    const uid_t self = geteuid();
    guint warnings = 0;

    AUTO(http_keyring) none = http_keyring_new(NULL, NULL, NULL);
    g_assert_cmpuint(tokens_seen(none), ==, 0);
    AUTO(http_keyring) keyring = http_keyring_new(path, count_warning, &warnings);
    g_assert_cmpuint(tokens_seen(keyring), ==, 0);
    g_assert_true(http_tokens_add(path, "ann", HTTP_ROLE_OPERATOR, 0, &ann, NULL));
    g_assert_cmpuint(tokens_seen(keyring), ==, 1);

    /* Root may enter everywhere, so root does this as somebody else. */
    g_assert_cmpint(g_chmod(folder, 0), ==, 0);
    g_assert_cmpint(seteuid(self == 0 ? 65534 : self), ==, 0);
    g_assert_cmpuint(tokens_seen(keyring), ==, 1);
    g_assert_cmpuint(tokens_seen(keyring), ==, 1);
    g_assert_true(http_keyring_doubtful(keyring));
    g_assert_cmpuint(warnings, ==, 1);
    AUTO(http_keyring) late = http_keyring_new(path, NULL, NULL);
    g_assert_null(http_keyring_look(late, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, "Permission denied"));
    g_assert_cmpint(seteuid(self), ==, 0);
    g_assert_cmpint(g_chmod(folder, 0700), ==, 0);

    g_assert_cmpuint(tokens_seen(keyring), ==, 1);
    g_assert_false(http_keyring_doubtful(keyring));
    g_unlink(path);
    g_assert_cmpuint(tokens_seen(keyring), ==, 0);
    g_assert_false(http_keyring_doubtful(keyring));
    g_assert_cmpuint(warnings, ==, 1);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/token/parse", test_parse);
    g_test_add_func("/http/token/match", test_match);
    g_test_add_func("/http/token/names", test_names);
    g_test_add_func("/http/token/file", test_file);
    g_test_add_func("/http/token/keyring", test_keyring);
    return g_test_run();
}

/* JSON with a hash of itself. */
#include "repo/repo_seal.h"

#include <string.h>

/* What stands between the text that is hashed and its hash, and behind that. */
static const char before[] = ",\n \"sha256\": \"";
static const char behind[] = "\"\n}\n";

enum { HASH_DIGITS = 64 };

char *repo_seal(json_t *object)
{
    char *dumped = json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    json_decref(object);
    g_assert(dumped != NULL);
    /* Without the "\n}" at its end. */
    gsize length = strlen(dumped) - 2;
    g_autofree char *hash =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) dumped, length);
    char *sealed = g_strdup_printf("%.*s%s%s%s", (int) length, dumped, before, hash, behind);
    free(dumped);
    return sealed;
}

json_t *repo_unseal(const char *text, gsize length, const char *what, GError **error)
{
    gsize tail = strlen(before) + HASH_DIGITS + strlen(behind);
    const char *seal = length > tail ? text + length - tail : NULL;
    bool ok = seal != NULL && memcmp(seal, before, strlen(before)) == 0 &&
              memcmp(text + length - strlen(behind), behind, strlen(behind)) == 0;
    if (ok) {
        g_autofree char *hash = g_compute_checksum_for_data(
            G_CHECKSUM_SHA256, (const guchar *) text, (gsize) (seal - text));
        ok = memcmp(hash, seal + strlen(before), HASH_DIGITS) == 0;
    }
    json_error_t cause;
    json_t *object = ok ? json_loadb(text, length, JSON_REJECT_DUPLICATES, &cause) : NULL;
    if (object != NULL && json_is_object(object))
        return object;
    json_decref(object);
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\" is damaged: its contents are not those of its own SHA-256", what);
    return NULL;
}

const char *repo_seal_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

gint64 repo_seal_int(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

double repo_seal_real(const json_t *object, const char *name, double otherwise)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

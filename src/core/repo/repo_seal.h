/*
 * Small JSON files that carry a SHA-256 of themselves as their last member, so that a flipped bit
 * is told from what was written: whoever reads one gets what was written, or an error. Pure.
 */
#ifndef CORE_REPO_SEAL_H
#define CORE_REPO_SEAL_H

#include "error.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* The object's text, sealed. Takes the object over. Caller frees. */
char *repo_seal(json_t *object);

/* The object of a sealed text; NULL with an error that begins with `what` (a path). Caller decrefs.
 */
json_t *repo_unseal(const char *text, gsize length, const char *what, GError **error);

/* Members of it; absent or of another type: NULL, 0, false. Text is borrowed. */
const char *repo_seal_text(const json_t *object, const char *name);
gint64 repo_seal_int(const json_t *object, const char *name);
double repo_seal_real(const json_t *object, const char *name, double otherwise);

#endif

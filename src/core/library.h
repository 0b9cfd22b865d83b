/*
 * Shared libraries that are loaded when they are first used: what few commands need would lengthen
 * the start of all of them. Each has a module that knows it by its own header, with a table of the
 * functions in use: fetch/curl_library.h, pg/libpq_library.h, and that of the host's HTTP.
 */
#ifndef CORE_LIBRARY_H
#define CORE_LIBRARY_H

#include <glib.h>
#include <stdbool.h>

struct library {
    const char *name; /* "libcurl" */
    const char *file; /* "libcurl.so.4" */
    const char *use;  /* what cannot be done without: "webhooks need it" */
};

/* A function of the library, and where its pointer stands in the table. */
struct library_function {
    const char *name;
    gsize offset;
};

/* Loads it and fills the table, whole or not at all. False: it is not installed, or another one
 * than it was built for; RUNBOOK_FAILED with a hint. It may be tried again. What is loaded is never
 * unloaded. */
bool library_load(const struct library *library, const struct library_function *functions,
                  guint count, gpointer table, GError **error);

#endif

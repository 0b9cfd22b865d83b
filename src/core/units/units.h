/*
 * Sizes, durations and counts as PostgreSQL's configuration spells them, and the nearest name to
 * a misspelt one.
 */
#ifndef CORE_UNITS_H
#define CORE_UNITS_H

#include <glib.h>
#include <stdbool.h>

/* A size: a decimal number (fraction allowed) and one of B, kB, MB, GB, TB, PB (powers of 1024;
 * case matters only as far as PostgreSQL's does: `kB`, not `KB`… is accepted with any case here
 * and printed the right way). A bare number is bytes. Negative, empty or overflowing text is an
 * error that names the accepted units. */
bool units_parse_size(const char *text, gint64 *ret_bytes, GError **error);

/* A duration: number and one of us, ms, s, min, h, d, w. A bare number is seconds, except that
 * fractions are allowed everywhere ("1.5h"). Compound forms ("2h30min") are accepted. The result
 * is in milliseconds, rounded to nearest; negative or overflowing text is an error. */
bool units_parse_duration(const char *text, gint64 *ret_ms, GError **error);

/* A fraction: "2%" or "0.02" are both 0.02. Outside 0 to 1 is an error. */
bool units_parse_fraction(const char *text, double *ret_fraction, GError **error);

/* "0 B", "8192 B", "1.5 MB", "20 GB": three significant digits at most, never more than one
 * decimal. Caller frees. */
char *units_format_size(gint64 bytes);

/* "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "3 d 4 h". Caller frees. */
char *units_format_duration(double seconds);

/* "1,234,567". Caller frees. */
char *units_format_count(gint64 count);

/* The entry of the NULL-terminated list closest to the word (edit distance with swaps), or NULL
 * when none is close enough to be a plausible slip of the finger. Borrowed from the list. */
const char *units_nearest(const char *word, const char *const *candidates);

#endif

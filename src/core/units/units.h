/*
 * Sizes, durations and counts as PostgreSQL's configuration spells them, and the nearest name to
 * a misspelt one.
 *
 * A number is decimal digits with at most nine decimals behind a point: no sign, no exponent, no
 * hexadecimal. Blanks are allowed around it and before its unit. All arithmetic is exact up to
 * the final rounding to nearest.
 */
#ifndef CORE_UNITS_H
#define CORE_UNITS_H

#include <glib.h>
#include <stdbool.h>

/* A size: a number and one of B, kB, MB, GB, TB, PB (powers of 1024), written in any case. A bare
 * number is bytes. Anything else, and what exceeds a gint64, is an error naming the units. */
bool units_parse_size(const char *text, gint64 *ret_bytes, GError **error);

/* A duration: a number and one of us, ms, s, min, h, d, w, written in any case; several of them,
 * the longest unit first, add up ("2h30min", "3 d 4 h"). A bare number is seconds. The result is
 * in milliseconds; the longest duration is 292,000 years. */
bool units_parse_duration(const char *text, gint64 *ret_ms, GError **error);

/* A fraction: "2%" or "0.02" are both 0.02. Outside 0 to 1 is an error. */
bool units_parse_fraction(const char *text, double *ret_fraction, GError **error);

/* "0 B", "8192 B", "1.5 MB", "20 GB": bytes below 10 kB, above that the largest unit that leaves
 * at least 1, with one decimal below 100 unless it is zero. units_parse_size() reads it back
 * (but for the sign of a negative size). Caller frees. */
char *units_format_size(gint64 bytes);

/* "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "3 d 4 h"; a second part of zero is left out.
 * Negative or undefined is "0 s". units_parse_duration() reads it back. Caller frees. */
char *units_format_duration(double seconds);

/* "1,234,567". Caller frees. */
char *units_format_count(gint64 count);

/* "1 table", "1,234 tables": for nouns whose plural is made with an s. Caller frees. */
char *units_format_counted(gint64 count, const char *noun);

/* The entry of the NULL-terminated list closest to the word (edit distance with swaps, case
 * ignored), or NULL when none is close enough to be a plausible slip of the finger. Borrowed from
 * the list. */
const char *units_nearest(const char *word, const char *const *candidates);

#endif

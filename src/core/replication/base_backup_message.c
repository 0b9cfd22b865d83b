#include "replication/base_backup_message.h"

#include "error.h"

#include <string.h>

enum {
    LABEL_BYTES = 1000,
    RATE_LEAST_KB = 32, /* bounds of MAX_RATE */
    RATE_MOST_KB = 1048576,
    PATH_BYTES = 1024,
    SEGMENT_BLOCKS = 131072, /* 1 GB of pages of 8 kB, as PostgreSQL is built */
    DEFAULT_TABLESPACE = 1663,
    GLOBAL_TABLESPACE = 1664,
};

/* ---- the command -------------------------------------------------------------------------- */

/* As a literal of the replication grammar, which knows no backslashes. */
static char *quote(const char *text)
{
    g_autofree char *cut = g_utf8_make_valid(text, (gssize) MIN(strlen(text), LABEL_BYTES));
    g_auto(GStrv) parts = g_strsplit(cut, "'", -1);
    g_autofree char *doubled = g_strjoinv("''", parts);

    return g_strdup_printf("'%s'", doubled);
}

char *base_backup_command(int version, const struct base_backup_options *options)
{
    g_autofree char *label = quote(options->label);
    GString *command = g_string_new("BASE_BACKUP ");
    gint64 rate = CLAMP(options->max_rate / 1024, RATE_LEAST_KB, RATE_MOST_KB);

    if (version < BASE_BACKUP_TYPED) {
        g_string_append_printf(command, "LABEL %s PROGRESS FAST NOWAIT", label);
        if (options->max_rate > 0)
            g_string_append_printf(command, " MAX_RATE %" G_GINT64_FORMAT, rate);
        g_string_append(command, " TABLESPACE_MAP MANIFEST 'yes'");
        return g_string_free(command, FALSE);
    }
    g_string_append_printf(command,
                           "(LABEL %s, PROGRESS true, CHECKPOINT 'fast', WAIT false, "
                           "TABLESPACE_MAP true, MANIFEST 'yes'",
                           label);
    if (options->max_rate > 0)
        g_string_append_printf(command, ", MAX_RATE %" G_GINT64_FORMAT, rate);
    g_string_append_c(command, ')');
    return g_string_free(command, FALSE);
}

/* ---- messages ----------------------------------------------------------------------------- */

static bool malformed(GError **error, const char *what)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the server's answer to BASE_BACKUP cannot be understood: %s", what);
    return false;
}

/* "base.tar" or "16384.tar". */
static bool parse_archive_name(const char *name, guint32 *ret_oid)
{
    g_autofree char *stem = NULL;
    guint64 oid;

    *ret_oid = 0;
    if (strcmp(name, "base.tar") == 0)
        return true;
    if (!g_str_has_suffix(name, ".tar") || *name == '0')
        return false;
    stem = g_strndup(name, strlen(name) - strlen(".tar"));
    if (!g_ascii_string_to_unsigned(stem, 10, 1, G_MAXUINT32, &oid, NULL))
        return false;
    *ret_oid = (guint32) oid;
    return true;
}

static bool parse_archive(const char *text, gsize length, struct base_backup_message *message,
                          GError **error)
{
    const char *end = memchr(text, '\0', length);
    gsize left = end == NULL ? 0 : length - (gsize) (end - text) - 1;
    const char *path = end == NULL ? NULL : end + 1;

    if (end == NULL || memchr(path, '\0', left) != path + left - 1 || left > PATH_BYTES)
        return malformed(error, "an archive without a name");
    if (!parse_archive_name(text, &message->oid))
        return malformed(error, "an archive of an unknown name");
    if ((message->oid == 0) != (*path == '\0'))
        return malformed(error, "an archive without its place");
    message->path = path;
    return true;
}

static bool parse_done(const guint8 *bytes, gsize length, struct base_backup_message *message,
                       GError **error)
{
    guint64 done;

    if (length != sizeof done)
        return malformed(error, "progress of an unknown form");
    memcpy(&done, bytes, sizeof done);
    message->done = GUINT64_FROM_BE(done);
    return true;
}

bool base_backup_message_parse(const void *bytes, gsize length,
                               struct base_backup_message *ret_message, GError **error)
{
    const guint8 *content = (const guint8 *) bytes + 1;
    char type = length == 0 ? '\0' : *(const char *) bytes;

    *ret_message = (struct base_backup_message){.kind = BASE_BACKUP_DATA};
    switch (type) {
    case 'd':
        ret_message->bytes = content;
        ret_message->length = length - 1;
        return true;
    case 'n':
        ret_message->kind = BASE_BACKUP_ARCHIVE;
        return parse_archive((const char *) content, length - 1, ret_message, error);
    case 'm':
        ret_message->kind = BASE_BACKUP_MANIFEST;
        return length == 1 || malformed(error, "a manifest's beginning of an unknown form");
    case 'p':
        ret_message->kind = BASE_BACKUP_PROGRESS;
        return parse_done(content, length - 1, ret_message, error);
    default:
        return malformed(error, "a message of an unknown type");
    }
}

/* ---- relations' files --------------------------------------------------------------------- */

static bool take_number(const char **text, guint64 most, guint64 *ret_number)
{
    char *end;

    if (!g_ascii_isdigit(**text) || (**text == '0' && g_ascii_isdigit((*text)[1])))
        return false;
    *ret_number = g_ascii_strtoull(*text, &end, 10);
    *text = end;
    return *ret_number <= most;
}

static bool take(const char **text, const char *prefix)
{
    if (!g_str_has_prefix(*text, prefix))
        return false;
    *text += strlen(prefix);
    return true;
}

/* The folder up to the file's own name. */
static bool parse_place(const char **text, struct base_backup_relation *relation)
{
    guint64 number;

    take(text, "./");
    if (take(text, "global/")) {
        relation->tablespace = GLOBAL_TABLESPACE;
        return true;
    }
    if (take(text, "pg_tblspc/")) {
        if (!take_number(text, G_MAXUINT32, &number) || !take(text, "/PG_"))
            return false;
        relation->tablespace = (guint32) number;
        *text = strchr(*text, '/');
        if (*text == NULL)
            return false;
        ++*text;
    } else if (take(text, "base/")) {
        relation->tablespace = DEFAULT_TABLESPACE;
    } else {
        return false;
    }
    if (!take_number(text, G_MAXUINT32, &number) || !take(text, "/"))
        return false;
    relation->database = (guint32) number;
    return true;
}

bool base_backup_relation_parse(const char *file, struct base_backup_relation *ret_relation)
{
    static const char *const forks[] = {"fsm", "vm", "init"};
    struct base_backup_relation relation = {.fork = "main"};
    guint64 number;

    if (!parse_place(&file, &relation) || !take_number(&file, G_MAXUINT32, &number))
        return false;
    relation.filenode = (guint32) number;
    if (take(&file, "_")) {
        relation.fork = NULL;
        for (gsize i = 0; i < G_N_ELEMENTS(forks) && relation.fork == NULL; i++)
            if (take(&file, forks[i]))
                relation.fork = forks[i];
    }
    if (take(&file, ".")) {
        if (!take_number(&file, G_MAXUINT16, &number))
            return false;
        relation.segment = (guint) number;
    }
    *ret_relation = relation;
    return relation.fork != NULL && *file == '\0';
}

/* ---- warnings ----------------------------------------------------------------------------- */

void base_backup_bad_clear(struct base_backup_bad *bad)
{
    g_clear_pointer(&bad->file, g_free);
}

/* The words of the text that may be numbers, hexadecimal ones as well (no \b: Japanese puts no blanks
 * around them): how many there are; the first has to be decimal.
 */
static guint numbers_behind(const char *text, gint64 *ret_first)
{
    g_autoptr(GRegex) number =
        g_regex_new("(?<![0-9A-Za-z])[0-9A-F]{1,10}(?![0-9A-Za-z])", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    guint count = 0;

    for (g_regex_match(number, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        g_autofree char *word = g_match_info_fetch(match, 0);
        if (count++ > 0)
            continue;
        if (!g_ascii_string_to_signed(word, 10, 0, G_MAXUINT32, ret_first, NULL))
            return 0;
    }
    return count;
}

bool base_backup_bad_parse(int version, const char *warning, struct base_backup_bad *ret_bad)
{
    g_autofree char *text = g_utf8_make_valid(warning, -1);
    g_autoptr(GRegex) path =
        g_regex_new("(?:\\./)?((?:base/\\d+|global|pg_tblspc/\\d+/PG_[^/\\s]+/\\d+)/"
                    "\\d+(?:_[a-z]+)?(?:\\.\\d+)?)",
                    0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    struct base_backup_relation relation;
    gint64 first;
    int end;

    if (g_str_has_prefix(text, "could not verify ") || !g_regex_match(path, text, 0, &match) ||
        !g_match_info_fetch_pos(match, 1, NULL, &end))
        return false;
    g_autofree char *file = g_match_info_fetch(match, 1);
    guint numbers = numbers_behind(text + end, &first);
    if ((numbers != 1 && numbers != 3) || !base_backup_relation_parse(file, &relation))
        return false;
    ret_bad->file = g_steal_pointer(&file);
    ret_bad->file_bad = numbers == 1 ? (guint) first : 0;
    ret_bad->block = numbers == 1 ? -1 : first;
    if (numbers == 3 && version < 170000)
        ret_bad->block += (gint64) relation.segment * SEGMENT_BLOCKS;
    return true;
}

/* What is in none of these folders (a socket, a pipe, a configuration file) a server starts without,
 * or is told of. Tablespaces are named by where they really lie. */
char *base_backup_left_out_parse(const char *warning)
{
    g_autofree char *text = g_utf8_make_valid(warning, -1);
    g_autoptr(GRegex) path = g_regex_new(
        "(?:\\./"
        "((?:base|global|pg_tblspc|pg_xact|pg_multixact|pg_commit_ts|pg_twophase|pg_logical)"
        "(?:/[^\"«»“”\\s\\xa0]*)?|PG_VERSION)"
        "|(/[^\"«»“”]*/PG_\\d+_\\d+(?:/[^\"«»“”\\s\\xa0]*)?))(?=[\"«»“”\\s\\xa0]|$)",
        0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(path, text, 0, &match))
        return NULL;
    g_autofree char *inside = g_match_info_fetch(match, 1);
    return *inside != '\0' ? g_steal_pointer(&inside) : g_match_info_fetch(match, 2);
}

/* ---- the label ---------------------------------------------------------------------------- */

bool base_backup_lsn_parse(const char *text, guint64 *ret_lsn)
{
    guint64 halves[2] = {0};
    g_auto(GStrv) words = text == NULL ? NULL : g_strsplit(text, "/", 3);

    if (words == NULL || g_strv_length(words) != 2)
        return false;
    for (gsize i = 0; i < 2; i++)
        if (!g_ascii_string_to_unsigned(words[i], 16, 0, G_MAXUINT32, &halves[i], NULL))
            return false;
    *ret_lsn = halves[0] << 32 | halves[1];
    return true;
}

/* What stands behind "KEY: " up to the blank or the end of the line; NULL: no such line. */
static char *label_value(const char *text, const char *key)
{
    g_autofree char *pattern = g_strdup_printf("^%s: ([^\\s]+)", key);
    g_autoptr(GRegex) line = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (!g_regex_match(line, text, 0, &match))
        return NULL;
    return g_match_info_fetch(match, 1);
}

bool base_backup_label_parse(const char *text, gsize length,
                             struct base_backup_label *ret_label, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize) length);
    g_autofree char *start = label_value(valid, "START WAL LOCATION");
    g_autofree char *checkpoint = label_value(valid, "CHECKPOINT LOCATION");
    g_autofree char *from = label_value(valid, "BACKUP FROM");
    g_autofree char *timeline = label_value(valid, "START TIMELINE");
    struct base_backup_label label = {0};
    guint64 number = 0;

    if (!base_backup_lsn_parse(start, &label.start_lsn) ||
        !base_backup_lsn_parse(checkpoint, &label.checkpoint_lsn)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "backup_label does not say where the backup begins");
        return false;
    }
    if (timeline != NULL)
        g_ascii_string_to_unsigned(timeline, 10, 1, G_MAXUINT32, &number, NULL);
    label.timeline = (guint32) number;
    label.from_standby = g_strcmp0(from, "standby") == 0;
    *ret_label = label;
    return true;
}

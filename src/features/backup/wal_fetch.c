/* `backup wal fetch`: restore_command. "Not there" is 1, unless WAL behind it is; whatever else goes
 * wrong is 126, by the command's flag, and 1 to a standby. */
#include "backup_commands.h"
#include "repo/repo_wal.h"
#include "wal_around.h"

/* What a standby does not find here it asks its primary for, and it does not end by itself. */
static bool gaps_are_ends(const struct call *call)
{
    return option_given(call->options, "gaps-are-ends") ||
           g_file_test("standby.signal", G_FILE_TEST_EXISTS);
}

/* Without an error it is not there. */
static bool fetch(const struct call *call, const struct lineage *lineage, GError **error)
{
    const char *name = call->arguments[0], *path = call->arguments[1];
    bool missing = false;

    if (lineage_wal_get(lineage, name, path, &missing, error))
        return true;
    if (!missing)
        return false;
    g_clear_error(error);
    if (!gaps_are_ends(call) && lineage_wal_gap(lineage, name, error))
        return false;
    if (lineage_wal_get_common(lineage, name, path, &missing, error))
        return true;
    if (missing)
        g_clear_error(error);
    return false;
}

enum runbook_exit wal_fetch_command(struct call *call, GError **error)
{
    const char *given = option_value(call->options, "system");
    g_autofree char *system =
        given != NULL ? g_strdup(given) : wal_system_around(call->arguments[1]);
    AUTO(repo) repo = repo_open(call->settings, false, error);

    if (repo == NULL)
        return runbook_error_exit(*error);
    AUTO(lineage) lineage = lineage_open(repo, system, false, error);
    if (lineage == NULL)
        return runbook_error_exit(*error);
    return fetch(call, lineage, error) ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

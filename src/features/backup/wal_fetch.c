/* `backup wal fetch`: restore_command. "Not there" is 1, unless WAL behind it is; whatever else goes
 * wrong is 126, by the command's flag, and 1 to a standby. */
#include "backup_commands.h"
#include "repo/repo_wal.h"
#include "wal_around.h"

enum runbook_exit wal_fetch_command(struct call *call, GError **error)
{
    const char *given = option_value(call->options, "system");
    g_autofree char *system =
        given != NULL ? g_strdup(given) : wal_system_around(call->arguments[1]);
    AUTO(repo) repo = repo_open(call->settings, false, error);
    bool missing = false;

    if (repo == NULL)
        return runbook_error_exit(*error);
    AUTO(lineage) lineage = lineage_open(repo, system, false, error);
    if (lineage == NULL)
        return runbook_error_exit(*error);
    if (lineage_wal_get(lineage, call->arguments[0], call->arguments[1], &missing, error))
        return RUNBOOK_DONE;
    if (!missing)
        return RUNBOOK_FAILED;
    g_clear_error(error);
    /* What a standby does not find here it asks its primary for, and it does not end by itself. */
    if (!option_given(call->options, "gaps-are-ends") &&
        !g_file_test("standby.signal", G_FILE_TEST_EXISTS))
        lineage_wal_gap(lineage, call->arguments[0], error);
    return RUNBOOK_FAILED;
}

/* The section's tables: what it offers on every surface. */
#include "backup.h"

#include "backup_check.h"
#include "backup_commands.h"
#include "backup_queries.h"
#include "backup_target.h"

static const char *const dump_formats[] = {"custom", "directory", NULL};

static const struct setting settings[] = {
    {"repo", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The folder of the repository: backups and WAL of any number of clusters, each under its "
     "system identifier. A file system of its own, on another machine, is the best place for "
     "it."},
    {"key_file", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "A file with the key of an encrypted repository (AES-256-GCM): 32 bytes, or 64 "
     "hexadecimal "
     "digits, or base64. Without the key nothing in it can be read: keep a copy elsewhere."},
    {"key_command", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "A shell command that prints the key, in the place of backup.key_file."},
    {"compress", SETTING_INT, 0, "1", "1", "19", NULL,
     "Zstandard level. 1 is the fastest; whether 3 is smaller depends on the data."},
    {"max_rate", SETTING_SIZE, 0, "0", "0", NULL, NULL,
     "The most bytes a second that a backup may take from the server; 0: no bound."},
    {"bindir", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "Where PostgreSQL's own programs are (pg_dump, postgres, …), when not in PATH or in the "
     "distribution's place."},
    /* -- logical -- */
    {"dump_folder", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "Where backup dump writes: a folder, best on another machine's file system. Unset: --to "
     "says it, and nothing is dumped by itself."},
    {"dump_format", SETTING_CHOICE, 0, "custom", NULL, NULL, dump_formats,
     "What a dump is: custom, one file in zstd that keeps what is in it together; or "
     "directory, "
     "a folder that pg_dump writes with several connections."},
    {"dump_compress", SETTING_INT, 0, "2", "1", "19", NULL,
     "Zstandard level of a dump. On rows as text 2 is smaller than gzip at 9, in less than "
     "half of "
     "its time; a higher level is not always smaller."},
    {"dump_globals", SETTING_BOOL, 0, "off", NULL, NULL, NULL,
     "Write roles (with their passwords, as hashes) and tablespaces beside each dump; for that "
     "the role has to be a superuser."},
    {"dump_schedule", SETTING_SCHEDULE, 0, "off", NULL, NULL, NULL,
     "When serve dumps the target's database into backup.dump_folder."},

    /* -- physical -- */
    {"schedule", SETTING_SCHEDULE, 0, "0 1 * * *", NULL, NULL, NULL,
     "When serve takes a full backup, where backup.repo is set."},
    {"threads", SETTING_INT, 0, "0", "0", "64", NULL,
     "Threads that compress; 0: one for each processor, at most 8."},
    {"wal_wait", SETTING_DURATION, 0, "5min", "1s", NULL, NULL,
     "How long a backup waits for its WAL at its end when nothing new arrives in the "
     "repository."},

    /* -- wal -- */
    {"receive", SETTING_BOOL, 0, "off", NULL, NULL, NULL,
     "serve keeps `backup wal receive` running beside the watch, where backup.repo is set."},
    {"slot", SETTING_STRING, 0, "pgrunbook", NULL, NULL, NULL,
     "The replication slot of `backup wal receive`; it is made when it is missing. The server "
     "keeps WAL for it: max_slot_wal_keep_size bounds how much."},
    {"durable_within", SETTING_DURATION, 0, "500ms", "0", "1min", NULL,
     "So long at most may WAL that has arrived be in memory only. What is acknowledged to the "
     "server is always durable, whatever this says."},

    /* -- repository -- */
    {"expire_schedule", SETTING_SCHEDULE, 0, "0 7 * * *", NULL, NULL, NULL,
     "When serve removes the backups that backup.keep and backup.keep_time let go, where "
     "backup.repo is set."},
    {"system", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "Which cluster of the repository is meant where it holds several, by its system "
     "identifier: several targets, or one before and after pg_upgrade. Needed by what serve "
     "does by itself with such a repository."},
    {"keep", SETTING_INT, 0, "7", "1", "100000", NULL,
     "How many backups `backup expire` keeps: the newest that can be restored."},
    {"keep_time", SETTING_DURATION, 0, "0", "0", NULL, NULL,
     "Beyond backup.keep, every moment of so long a time stays recoverable; 0: that number "
     "alone "
     "decides."},

    /* -- restore -- */

    /* -- drill -- */
    {"drill_schedule", SETTING_SCHEDULE, 0, "0 5 * * Sat", NULL, NULL, NULL,
     "When serve proves the newest backup by restoring it, where backup.scratch is set."},
    {"scratch", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "The folder that a drill restores into, with room for the whole cluster; what it makes "
     "there "
     "is removed at its end. As root: a folder of the account that the server may run as."},
    {"drill_checks", SETTING_STRING, 0, NULL, NULL, NULL, NULL,
     "A file of SQL statements that a drill runs in the restored copy: each must succeed and "
     "return no row, or nothing but true. A line \"-- name: TEXT\" above a statement names it, "
     "a line \"-- database: NAME\" says where it and those behind it run. Statements of one "
     "database that follow one another share a session; nothing bounds their time."},
    {"proof_age", SETTING_DURATION, 0, "8d", "1h", NULL, NULL,
     "`check` warns when the newest backup that was proved by a drill is older."},
    {"proof_age_critical", SETTING_DURATION, 0, "31d", "1h", NULL, NULL,
     "Older than this, or none at all, is critical."},
    {"wal_age", SETTING_DURATION, 0, "15min", "1min", NULL, NULL,
     "`check` warns when the newest commit that could be recovered is older while the server "
     "has committed since."},

    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

static const struct option repository_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"system", '\0', "ID", "backup.system", OPTION_ONCE,
     "the cluster's system identifier, where the repository has several"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option expire_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"system", '\0', "ID", "backup.system", OPTION_ONCE,
     "the cluster's system identifier, where the repository has several"},
    {"keep", '\0', "N", "backup.keep", OPTION_ONCE, "how many backups stay"},
    {"keep-time", '\0', "DURATION", "backup.keep_time", OPTION_ONCE,
     "every moment of so long a time stays recoverable"},
    {"damaged", '\0', NULL, NULL, OPTION_ONCE, "damaged backups go as well"},
    {"only", '\0', "MARK", NULL, OPTION_REPEATS,
     "nothing if more would go than a dry run showed (\"only\" in its document)"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

/* -- options: logical -- */
static const struct option dump_options[] = {
    {"to", 0, "DIR", "backup.dump_folder", OPTION_LOCAL, "write into this folder"},
    {"format", 0, "FORMAT", "backup.dump_format", OPTION_ONCE,
     "write a file (custom) or a folder (directory); or print in this format"},
    {"jobs", 'j', "N", NULL, OPTION_ONCE,
     "with --format=directory: dump this many tables at a time"},
    {"globals", 0, NULL, "backup.dump_globals", OPTION_ONCE,
     "write roles and tablespaces as well, into a file beside"},
    {"compress", 0, "LEVEL", "backup.dump_compress", OPTION_ONCE, NULL},
    {"no-space-check", 0, NULL, NULL, OPTION_ONCE,
     "begin though the file system looks too full"},
    {.name = NULL},
};

static const struct option restore_dump_options[] = {
    {"into", 0, "NEWDB", NULL, OPTION_ONCE,
     "the database to make; the dump's own name where this is left out"},
    {"replace", 0, NULL, NULL, OPTION_ONCE,
     "when it exists: restore beside it, verify, then exchange the names"},
    {"drop-old", 0, NULL, NULL, OPTION_ONCE,
     "with --replace: drop the one that was replaced, instead of keeping it"},
    {"clean", 'c', NULL, NULL, OPTION_ONCE,
     "restore into the database as it is, dropping the dump's objects first (pg_restore "
     "--clean --if-exists), in one transaction"},
    {"if-exists", 0, NULL, NULL, OPTION_ONCE, "with --clean, which always means both"},
    {"jobs", 'j', "N", NULL, OPTION_ONCE, "restore this many tables at a time"},
    {"no-owner", 'O', NULL, NULL, OPTION_ONCE, "leave out whose objects they were"},
    {"no-privileges", 'x', NULL, NULL, OPTION_ONCE, "leave out GRANT and REVOKE"},
    {"no-tablespaces", 0, NULL, NULL, OPTION_ONCE,
     "put everything into the database's tablespace, and that into the server's default"},
    {.name = NULL},
};

/* -- options: physical -- */
static const struct option create_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"label", '\0', "TEXT", NULL, OPTION_ONCE, "a few words to know it by"},
    {"compress", '\0', "LEVEL", "backup.compress", OPTION_ONCE, "Zstandard level"},
    {"threads", '\0', "N", "backup.threads", OPTION_ONCE, "threads that compress"},
    {"max-rate", '\0', "SIZE", "backup.max_rate", OPTION_ONCE,
     "the most bytes a second that it may take from the server"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

#define CREATE_PROSE                                                                           \
    "Takes a full backup of the whole cluster over the replication protocol: all databases "   \
    "and tablespaces, every page checksum verified by the server. It becomes visible in the "  \
    "repository when every byte of it, and of the WAL it needs, is durable; until then there " \
    "is nothing that looks like a backup. The WAL comes from `backup wal receive` or from "    \
    "`backup wal push`, where one of them is at work; else it is received beside the "         \
    "backup.\n"                                                                                \
    "\n"                                                                                       \
    "A bad page ends it: the error names relation and block, and until a backup meets none "   \
    "no older backup is expired.\n"                                                            \
    "\n"                                                                                       \
    "The role needs LOGIN and REPLICATION, and pg_hba.conf a line for the database "           \
    "`replication`. It may connect to a standby as well. What comes out are zstd-compressed "  \
    "tar archives: `zstd -dc base.tar.zst | tar x` unpacks them without this program."

static const struct option drill_options[] = {
    {"repo", 0, "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"system", 0, "ID", "backup.system", OPTION_ONCE,
     "the cluster, where the repository has several"},
    {"scratch", 0, "DIR", "backup.scratch", OPTION_LOCAL, "restore into this folder"},
    TARGET_OPTION_ROWS,
    {"seed", 0, "N", NULL, OPTION_ONCE, "choose the same point as a drill before did"},
    {"only", 0, "MARK", NULL, OPTION_REPEATS,
     "the backup and the point that a dry run showed (\"only\" in its document)"},
    {"checks", 0, "FILE", "backup.drill_checks", OPTION_LOCAL, "statements of your own to run"},
    {"no-amcheck", 0, NULL, NULL, OPTION_ONCE, "leave out amcheck"},
    {"no-rows", 0, NULL, NULL, OPTION_ONCE, "leave out reading every row"},
    {"threads", 0, "N", "backup.threads", OPTION_ONCE, "threads that restore"},
    {"bindir", 0, "DIR", "backup.bindir", OPTION_LOCAL, "where PostgreSQL's own programs are"},
    {NULL, 0, NULL, NULL, OPTION_ONCE, NULL},
};

#define DRILL_PROSE                                                                            \
    "Restores the newest backup into a scratch folder, replays WAL to a random point of what " \
    "can be recovered, and asks the server where it is: the answer must be what the plan "     \
    "says. Then everything is read: amcheck goes through every B-tree index (each row of the " \
    "table must be in it) and every table, pg_dump reads every row, COPY those that it "       \
    "passes "                                                                                  \
    "over, and your own statements run. What passes is `proven` in `backup list`, with its "   \
    "date and the time the recovery "                                                          \
    "took; a backup in which something is corrupt is `damaged`, and older ones are kept.\n"    \
    "\n"                                                                                       \
    "The server it starts listens on no network, archives nothing, follows nobody and loads "  \
    "no libraries. The copy is removed at the end, after Ctrl-C too; what a killed drill "     \
    "leaves is removed by the next. The point is chosen by a seed, which is said: --seed "     \
    "tries the same again, and the options of `backup restore` name a point of your own."

static const struct option receive_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"slot", '\0', "NAME", "backup.slot", OPTION_ONCE, "the replication slot"},
    {"until-lsn", '\0', "LSN", NULL, OPTION_ONCE, "end when WAL up to there is durable"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option push_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"compress", '\0', "LEVEL", "backup.compress", OPTION_ONCE, "Zstandard level"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

static const struct option fetch_options[] = {
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"system", '\0', "ID", NULL, OPTION_ONCE,
     "the system identifier; by default that of the data directory it is called in, or the "
     "only one in the repository"},
    {"key-file", '\0', "FILE", "backup.key_file", OPTION_LOCAL,
     "the key of an encrypted repository"},
    {"key-command", '\0', "COMMAND", "backup.key_command", OPTION_LOCAL,
     "what prints that key"},
    {"gaps-are-ends", '\0', NULL, NULL, OPTION_ONCE,
     "1 as well for a segment that is missing while WAL behind it is there"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

#define RECEIVE_PROSE                                                                          \
    "Streams WAL through a replication slot, compresses it while it arrives, and tells the "   \
    "server that it has it when it is durable. The segment that is being written is in the "   \
    "repository too, so that a recovery loses no more than the last moment. It survives "      \
    "restarts of the server, follows it along timelines, and waits for a full disk to have "   \
    "room again; SIGTERM ends it cleanly.\n"                                                   \
    "\n"                                                                                       \
    "When the server has removed WAL that was not received yet (max_slot_wal_keep_size, or a " \
    "slot that was dropped), the timeline is marked as broken from there, a new full backup "  \
    "is taken, and the receiving goes on.\n"                                                   \
    "\n"                                                                                       \
    "The role needs LOGIN and REPLICATION, a database that it may connect to, whichever, to "  \
    "look at the slot, and pg_hba.conf a line for the database `replication`. One receiver "   \
    "at "                                                                                      \
    "a time works for a cluster."

#define PUSH_PROSE                                                                             \
    "Ends with 0 when the file is durable in the repository under its name. A file that is "   \
    "there already is never overwritten: the same content is success, another one is not. "    \
    "Every page is held against the name first: a segment that the server has only set aside " \
    "for later, one of another cluster, or one that is not complete is refused."

#define FETCH_PROSE                                                                            \
    "Ends with 0 when the file is there, with 1 when the repository does not have it, and "    \
    "with 126 for everything else, by which the server stops the recovery instead of taking "  \
    "a failure for the end of WAL. A standby, which does not end by itself, is told 1 then "   \
    "too: it asks again, and its primary. A segment that has only arrived in part is "         \
    "completed with zeroes, so that a recovery comes as far as there is WAL, unless the "      \
    "server itself has as much of it, from its primary: that stays. One that is missing "      \
    "while WAL behind it is there is a failure, but for a standby."
static const struct option restore_options[] = {
    {"to", '\0', "DIR", NULL, OPTION_LOCAL,
     "the folder that becomes the data directory; it is made, or empty"},
    {"repo", '\0', "DIR", "backup.repo", OPTION_LOCAL, "the repository"},
    {"system", '\0', "ID", "backup.system", OPTION_ONCE,
     "the cluster's system identifier, where the repository has several"},
    TARGET_OPTION_ROWS,
    {"plan", '\0', NULL, NULL, OPTION_LOOKS,
     "show what would be restored, and where it would land"},
    {"action", '\0', "promote|pause|shutdown|standby", NULL, OPTION_ONCE,
     "what to do at the target (default: promote); a standby has none, and goes on"},
    {"primary", '\0', "CONNINFO", NULL, OPTION_ONCE,
     "whom a standby follows: its primary_conninfo"},
    {"no-start", '\0', NULL, NULL, OPTION_ONCE,
     "files and settings only, no server is started"},
    {"delta", '\0', NULL, NULL, OPTION_ONCE,
     "write over an older state of the cluster: only what differs"},
    {"tablespace", '\0', "OLDDIR=NEWDIR", NULL, OPTION_REPEATS | OPTION_LOCAL,
     "put the tablespace of OLDDIR into NEWDIR; \"\\=\" is an equals sign in a path"},
    {"tablespaces-below", '\0', "DIR", NULL, OPTION_LOCAL,
     "put all other tablespaces into DIR/OID each"},
    {"jobs", 'j', "N", "backup.threads", OPTION_ONCE, "threads that decompress and write"},
    {"bindir", '\0', "DIR", "backup.bindir", OPTION_LOCAL, "where PostgreSQL's programs are"},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

#define RESTORE_PROSE                                                                          \
    "Plans first: the newest backup that fits the target, the last commit that will be there " \
    "and the first that will not, the WAL it takes. A target that cannot be reached is "       \
    "refused before a byte is written, with the nearest that can be.\n"                        \
    "\n"                                                                                       \
    "Then files are written by several threads, pg_control last; an interrupted restore is "   \
    "gone on with by the same command. A private server (no network, no archiving) replays "   \
    "to the target, is asked where it landed, and that is compared with the plan. After the "  \
    "promotion it is stopped: what is left starts as usual, on a timeline of its own.\n"       \
    "\n"                                                                                       \
    "The folder must be empty or missing. With --delta it may hold an older or damaged state " \
    "of the same cluster that is not running: files whose size or checksum differs are "       \
    "written, what does not belong there is removed, and the old pg_wal is kept beside it. "   \
    "Tablespaces go to where they were, which must be empty too, unless --tablespace says "    \
    "otherwise. Run it as the account the server runs as, or as root with a folder of that "   \
    "account's."

static const struct command commands[] = {
    /* -- logical -- */
    {
        .verb = "dump",
        .summary = "Dump a database into a file: pg_dump, compressed by all processors",
        .prose =
            "Runs the newest pg_dump on this machine that fits the server, and compresses what "
            "it writes with as many threads as there are processors. The file, "
            "DB_YYYYMMDD_HHMMSS.dump.zst (in UTC), is visible only once it is complete and on "
            "disk; beside it is its SHA-256, for sha256sum -c. What fails or is interrupted "
            "leaves nothing. \"zstd -dc FILE | pg_restore -d NEWDB\" restores it without "
            "pgrunbook. Every table's rows are counted on the way.",
        .examples = "pgrunbook backup dump --to /srv/dumps insightengine\n"
                    "pgrunbook backup dump --to /srv/dumps --globals --target all\n"
                    "pgrunbook backup dump --to /srv/dumps --format=directory -j 4 "
                    "insightengine",
        .options = dump_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .run = backup_dump_command,
    },

    {
        .verb = "restore-dump",
        .arguments = "FILE",
        .summary = "Restore a dump into a new database, or in the place of one",
        .prose =
            "FILE is what backup dump wrote, or any archive of pg_dump in the custom format "
            "(compressed by zstd or not) or the directory format. All of it is read first: a "
            "damaged or truncated file is refused before anything is touched. It is restored "
            "into a database of a name of its own; then the rows of every table are counted "
            "and compared with the dump, and only what is complete gets the name that was "
            "asked for. What fails leaves nothing. With --replace the names of the old and the "
            "new "
            "database are exchanged in one transaction, sessions connected to the old one are "
            "ended, and it is kept as DB_before_YYYYMMDD_HHMMSS. DBNAME and -d only say where "
            "the server is.",
        .examples =
            "pgrunbook backup restore-dump shop_20261126_023514.dump.zst --into shop_check\n"
            "pgrunbook backup restore-dump shop_20261126_023514.dump.zst --replace\n"
            "pgrunbook backup restore-dump shop_20261126_023514.dir -j 4 --into shop_check",
        .options = restore_dump_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES | COMMAND_LOCAL,
        .run = backup_restore_dump_command,
    },

    /* -- physical -- */
    {
        .verb = "create",
        .summary = "Take a full backup into the repository",
        .prose = CREATE_PROSE,
        .examples =
            "pgrunbook backup create --repo /srv/backup\n"
            "pgrunbook backup create --target shop --max-rate 50MB --label \"before 2.0\"\n"
            "pgrunbook backup create --dry-run --repo /srv/backup",
        .options = create_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .run = backup_create_command,
    },

    /* -- wal -- */
    {
        .verb = "wal receive",
        .summary = "Receive WAL into the repository while it is written",
        .prose = RECEIVE_PROSE,
        .examples = "pgrunbook backup wal receive --repo /srv/backup\n"
                    "pgrunbook backup wal receive --target shop",
        .options = receive_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_LOCAL,
        .run = wal_receive_command,
    },
    {
        .verb = "wal push",
        .arguments = "FILE",
        .summary = "Store a file of pg_wal in the repository, as archive_command",
        .prose = PUSH_PROSE,
        .examples = "archive_command = 'pgrunbook backup wal push --repo /srv/backup %p'\n"
                    "archive_command = 'pgrunbook backup wal push --target shop %p'",
        .options = push_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_HASTENS | COMMAND_LOCAL,
        .run = wal_push_command,
    },
    {
        .verb = "wal fetch",
        .arguments = "NAME FILE",
        .summary = "Fetch a file of WAL from the repository, as restore_command",
        .prose = FETCH_PROSE,
        .examples = "restore_command = 'pgrunbook backup wal fetch --repo /srv/backup %f %p'",
        .options = fetch_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_RESTORES | COMMAND_HASTENS | COMMAND_LOCAL,
        .run = wal_fetch_command,
    },

    /* -- repository -- */
    {
        .verb = "list",
        .summary = "List backups and what can be recovered with them",
        .prose =
            "Lists the backups of a cluster with their WAL and their proof: \"proven\" was "
            "restored, started and asked, \"verified\" was read in full, \"unverified\" is "
            "all others, \"damaged\" cannot be trusted. Below them: the moments that can be "
            "reached, reckoned from the WAL that is on disk, and gaps in it.",
        .examples = "pgrunbook backup list --repo /srv/backup\n"
                    "pgrunbook backup list --target shop --json",
        .options = repository_options,
        .flags = COMMAND_TAKES_TARGET,
        .run = backup_list_command,
    },
    {
        .verb = "show",
        .arguments = "ID",
        .summary = "Show one backup: files, WAL, phases, proof",
        .prose =
            "Shows all that is known of a backup, and how far it can be replayed. A beginning "
            "of the id is enough where no other backup has it.",
        .examples = "pgrunbook backup show 20261126T022300F --repo /srv/backup",
        .options = repository_options,
        .flags = COMMAND_TAKES_TARGET,
        .run = backup_show_command,
    },
    {
        .verb = "verify",
        .arguments = "[ID]",
        .summary = "Read all of the repository, or one backup, and check it",
        .prose =
            "Reads every byte: the SHA-256 of every file, every frame's checksum, every file "
            "in "
            "the archives against the server's own manifest, every record of the WAL, and that "
            "no WAL is missing. A backup in which all is well becomes \"verified\" (one that "
            "is \"proven\" stays so), one that lost something \"damaged\". What was harmed "
            "but has a second copy, or can be made again, is told as well. The exit code "
            "is 1 where something is damaged, and 5 where WAL is missing or what was harmed "
            "has "
            "survived.",
        .examples = "pgrunbook backup verify --repo /srv/backup\n"
                    "pgrunbook backup verify 20261126T022300F --target shop",
        .options = repository_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_LOCAL,
        .run = backup_verify_command,
    },
    {
        .verb = "expire",
        .summary = "Remove backups and WAL that the rules do not keep",
        .prose =
            "Keeps the newest backups that can be restored (backup.keep), and those without "
            "which a moment of backup.keep_time could not be reached; removes the others, and "
            "WAL that none of those that stay needs. History files of timelines stay for "
            "ever.\n"
            "\n"
            "Whatever the rules say, the last backup that was proved by a drill stays, and "
            "nothing older than a damaged backup goes before that one is removed (with "
            "--damaged). While a backup has met bad pages in the cluster nothing goes at all.",
        .examples = "pgrunbook backup expire --repo /srv/backup --dry-run\n"
                    "pgrunbook backup expire --target shop --keep 3 --keep-time 14d --yes",
        .options = expire_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_WRITES,
        .run = backup_expire_command,
    },

    /* -- restore -- */
    {
        .verb = "restore",
        .summary = "Restore a cluster, to its newest state or to a point in time",
        .prose = RESTORE_PROSE,
        .examples =
            "pgrunbook backup restore --repo /srv/backup --to /var/lib/postgresql/15/new\n"
            "pgrunbook backup restore --target-time \"2026-11-26 02:23:00+01\" --plan\n"
            "pgrunbook backup restore --to /srv/pg --tablespace /srv/fast=/srv/fast2\n"
            "pgrunbook backup restore --to /srv/pg --action standby --primary 'host=db1'",
        .options = restore_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_WRITES | COMMAND_LOCAL,
        .run = backup_restore_command,
    },

    /* -- drill -- */
    {
        .verb = "drill",
        .summary = "Prove a backup by restoring it",
        .prose = DRILL_PROSE,
        .examples =
            "pgrunbook backup drill --repo /srv/backup --scratch /srv/drill\n"
            "pgrunbook backup drill --target shop --target-time \"2026-11-26 02:23+01\"\n"
            "pgrunbook backup drill --target shop --dry-run",
        .options = drill_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_WRITES,
        .run = backup_drill_command,
    },

    {.verb = NULL},
};

static const struct job own_jobs[] = {
    {.schedule = "schedule", .verb = "create", .needs = "repo"},
    {.schedule = "expire_schedule", .verb = "expire", .needs = "repo"},
    {.schedule = "drill_schedule", .verb = "drill", .needs = "scratch"},
    {.schedule = "dump_schedule", .verb = "dump", .needs = "dump_folder"},
    {.schedule = NULL},
};

static const struct service services[] = {
    {.verb = "wal receive", .setting = "receive", .needs = "repo"},
    {.verb = NULL},
};

const struct feature feature_backup = {
    .name = "backup",
    .title = "Backup, restore and point-in-time recovery",
    .runbook = backup_readme,
    .settings = settings,
    .commands = commands,
    .check = backup_check,
    .metrics = backup_metrics,
    .measure = backup_measure,
    .jobs = own_jobs,
    .services = services,
    .queries = backup_queries,
    .needs = "repo",
};

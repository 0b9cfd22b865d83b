/*
 * pgrunbook(1) in roff, from the same tables as --help.
 */
#include "cli/grammar.h"
#include "cli/help.h"

/* Text in roff: backslashes and dashes spelt out, no line taken for a request. */
static void append_text(GString *out, const char *text)
{
    gboolean line_start = TRUE;

    for (const char *c = text; *c != '\0'; c++) {
        if (line_start && (*c == '.' || *c == '\''))
            g_string_append(out, "\\&");
        if (*c == '\\')
            g_string_append(out, "\\e");
        else if (*c == '-')
            g_string_append(out, "\\-");
        else
            g_string_append_c(out, *c);
        line_start = *c == '\n';
    }
}

static void append_bold(GString *out, const char *text)
{
    g_string_append(out, "\\fB");
    append_text(out, text);
    g_string_append(out, "\\fR");
}

/* Paragraphs as paragraphs, lines that begin with a space as they are. */
static void append_prose(GString *out, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gboolean verbatim = FALSE;

    for (guint i = 0; lines[i] != NULL; i++) {
        gboolean wanted = lines[i][0] == ' ';
        if (wanted != verbatim)
            g_string_append(out, wanted ? ".nf\n" : ".fi\n");
        verbatim = wanted;
        if (lines[i][0] == '\0') {
            if (lines[i + 1] != NULL)
                g_string_append(out, ".PP\n");
            continue;
        }
        append_text(out, lines[i]);
        g_string_append_c(out, '\n');
    }
    if (verbatim)
        g_string_append(out, ".fi\n");
}

static void append_options(GString *out, const struct command *command, enum cli_group group)
{
    g_autoptr(GArray) options = cli_options(command, group);

    for (guint i = 0; i < options->len; i++) {
        const struct option *option = &g_array_index(options, struct option, i);
        g_autofree char *letter = g_strdup_printf("-%c", option->letter);
        g_autofree char *name = g_strconcat("--", option->name, NULL);
        g_autofree char *prose = cli_option_prose(option);

        g_string_append(out, ".TP\n");
        if (option->letter != 0) {
            append_bold(out, letter);
            g_string_append(out, ", ");
        }
        append_bold(out, name);
        if (option->argument != NULL)
            g_string_append_printf(out, "=\\fI%s\\fR", option->argument);
        g_string_append_c(out, '\n');
        append_text(out, prose);
        g_string_append_c(out, '\n');
    }
}

static void append_command(GString *out, const struct feature *section,
                           const struct command *command)
{
    g_autofree char *path = cli_path(section, command);
    g_autofree char *usage = cli_usage(command);
    g_autofree char *first = g_strdup_printf("%s.", command->summary);

    g_string_append(out, ".SS ");
    append_text(out, path);
    g_string_append(out, "\n");
    append_bold(out, path);
    g_string_append_c(out, ' ');
    append_text(out, usage);
    g_string_append(out, "\n.PP\n");
    append_prose(out, first);
    if (command->prose != NULL) {
        g_string_append(out, ".PP\n");
        append_prose(out, command->prose);
    }
    append_options(out, command, CLI_GROUP_COMMAND);
    if (command->examples != NULL) {
        g_string_append(out, ".PP\nExamples:\n.PP\n.nf\n");
        append_text(out, command->examples);
        g_string_append(out, "\n.fi\n");
    }
}

/* The rows of a kind of section are no settings an option could have, so they have no range. */
static void append_kinds(GString *out)
{
    for (const struct setting_table *table = cli_setting_tables(); table->rows; table++) {
        const struct setting_kind *kind = table->kinds;
        for (; kind != NULL && kind->kind != NULL; kind++) {
            g_string_append_printf(out,
                                   ".PP\nA section \\fB[%s \\fINAME\\fB]\\fR: ", kind->kind);
            append_text(out, kind->prose);
            g_string_append_c(out, '\n');
            for (const struct setting *row = kind->rows; row->name != NULL; row++) {
                g_string_append(out, ".TP\n");
                append_bold(out, row->name);
                g_string_append_c(out, '\n');
                append_text(out, row->prose);
                g_string_append_c(out, '\n');
            }
        }
    }
}

static void append_settings(GString *out)
{
    for (const struct setting_table *table = cli_setting_tables(); table->rows; table++) {
        for (const struct setting *row = table->rows; row->name != NULL; row++) {
            g_autofree char *name = g_strconcat(table->prefix ? table->prefix : "",
                                                table->prefix ? "." : "", row->name, NULL);
            struct option as_option = {.name = row->name, .argument = "", .setting = name};
            g_autofree char *prose = cli_option_prose(&as_option);
            g_string_append(out, ".TP\n");
            append_bold(out, name);
            g_string_append_c(out, '\n');
            append_text(out, prose);
            g_string_append_c(out, '\n');
        }
    }
}

static void append_exit_codes(GString *out, unsigned flags)
{
    for (const char *const *code = cli_exit_codes(flags); *code != NULL; code++) {
        g_auto(GStrv) parts = g_strsplit(*code, "\t", 2);
        g_string_append_printf(out, ".TP\n\\fB%s\\fR\n", parts[0]);
        append_text(out, parts[1]);
        g_string_append_c(out, '\n');
    }
}

static void append_environment(GString *out)
{
    static const char *const entries[][2] = {
        {"PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGSERVICE, …",
         "As for every program of PostgreSQL; see the chapter on libpq."},
        {"PGRUNBOOK_CONFIG", "Configuration file to read instead of the usual ones."},
        {"NO_COLOR", "When set, no colors unless --color=always."},
        {"XDG_CONFIG_HOME, XDG_STATE_HOME", "Where configuration and history are kept."},
    };
    g_string_append(out, ".SH ENVIRONMENT\n");
    for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
        g_string_append(out, ".TP\n");
        append_bold(out, entries[i][0]);
        g_string_append_c(out, '\n');
        append_text(out, entries[i][1]);
        g_string_append_c(out, '\n');
    }
    g_string_append(out, ".SH FILES\n.TP\n\\fI/etc/pgrunbook/pgrunbook.conf\\fR\n.TQ\n"
                         "\\fI$XDG_CONFIG_HOME/pgrunbook/pgrunbook.conf\\fR\n"
                         "Configuration; \\fBpgrunbook config sample\\fR prints one.\n"
                         ".TP\n\\fI$XDG_STATE_HOME/pgrunbook/history.db\\fR\n"
                         "The history of all runs.\n");
}

char *cli_manpage(void)
{
    const struct command *check = cli_command(cli_sections[0], NULL);
    const struct feature *section;
    GString *out = g_string_new(NULL);

    g_string_append_printf(out,
                           ".TH PGRUNBOOK 1 \"\" \"pgrunbook %s\" \"PostgreSQL maintenance\"\n"
                           ".nh\n.ad l\n"
                           ".SH NAME\npgrunbook \\- PostgreSQL maintenance runbook that runs "
                           "itself\n.SH SYNOPSIS\n\\fBpgrunbook\\fR \\fISECTION VERB\\fR "
                           "[\\fIOPTION\\fR]... [\\fIDBNAME\\fR]\n.SH COMMANDS\n",
                           RUNBOOK_VERSION);
    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct command *row = section->commands; row && row->run; row++)
            if (!(row->flags & COMMAND_HIDDEN))
                append_command(out, section, row);
    g_string_append(out, ".SH CONNECTION OPTIONS\n");
    append_options(out, check, CLI_GROUP_CONNECTION);
    g_string_append(out, ".SH GENERAL OPTIONS\n");
    append_options(out, check, CLI_GROUP_GENERAL);
    g_string_append(out, ".SH CONFIGURATION\nSections \\fB[pgrunbook]\\fR and \\fB[target "
                         "\\fINAME\\fB]\\fR hold lines \\fIsetting\\fR = \\fIvalue\\fR:\n");
    append_settings(out);
    append_kinds(out);
    g_string_append(out, ".SH EXIT STATUS\n");
    append_exit_codes(out, 0);
    g_string_append(out, ".PP\nThe command \\fBcheck\\fR has those of monitoring plugins:\n");
    append_exit_codes(out, CLI_MONITOR);
    g_string_append(out, ".PP\nThe command \\fBbackup wal fetch\\fR has those that a "
                         "restore_command needs:\n");
    append_exit_codes(out, COMMAND_RESTORES);
    append_environment(out);
    g_string_append(out, ".SH SEE ALSO\n\\fBvacuumdb\\fR(1), \\fBpsql\\fR(1)\n");
    return g_string_free(out, FALSE);
}

/*
 * What may be typed: sections, their commands, and the options each takes. Parser, help, man page
 * and completion all read it here.
 */
#ifndef HOST_CLI_GRAMMAR_H
#define HOST_CLI_GRAMMAR_H

#include "feature.h"

#include <glib.h>

/* Flags of the host's own commands, beyond those of feature.h. */
enum cli_flags {
    CLI_DEFAULT = 1 << 16, /* the verb that is meant when none is given */
    CLI_BARE = 1 << 17,    /* reads no settings, so a broken file does not stop it */
    CLI_MONITOR = 1 << 18, /* speaks the exit codes of monitoring plugins */
};

/* The host's own sections in the order of the help, NULL-terminated. They are rows of the same
 * kind as the runbook's, with settings, commands and queries only. */
extern const struct feature *const cli_sections[];

/* All sections, the runbook's first; NULL behind the last. */
const struct feature *cli_section_at(guint index);
const struct feature *cli_section(const char *name); /* NULL: none of that name */
bool cli_is_runbook(const struct feature *section);

/* The command of that verb; for a NULL verb the one that is meant without. NULL: none. */
const struct command *cli_command(const struct feature *section, const char *verb);

/* Whether the word is the first of a verb of two: "wal" of "wal push". */
bool cli_verb_begins(const struct feature *section, const char *word);

/* Number of commands that help shows. */
guint cli_command_count(const struct feature *section);

/* "pgrunbook vacuum run"; command NULL: "pgrunbook vacuum"; both NULL: "pgrunbook". Caller
 * frees. */
char *cli_path(const struct feature *section, const struct command *command);

/* Words behind the command: "[OPTION]... ID [DBNAME]". Caller frees. */
char *cli_usage(const struct command *command);
/* Its arguments are a program and its words, behind "--". */
bool cli_takes_program(const struct command *command);

/* Its arguments and what may stand in their place: "NAME|--all"; "" for none. Caller frees. */
char *cli_arguments(const struct command *command);

/* Groups in which help shows options. */
enum cli_group { CLI_GROUP_COMMAND, CLI_GROUP_GENERAL, CLI_GROUP_CONNECTION };

/* The options of a group that a command takes, as an array of struct option. Caller unrefs. */
GArray *cli_options(const struct command *command, enum cli_group group);

/* Finds an option of a command by name, or by letter when name is NULL. */
bool cli_find_option(const struct command *command, const char *name, char letter,
                     struct option *ret_option);

/* Finds an option of any command of a section (NULL: of any section). */
bool cli_find_option_anywhere(const struct feature *section, const char *name, char letter,
                              struct option *ret_option);

/* The formats of what is printed, in the order of enum output_format. */
const char *const *cli_output_formats(void);

/* What an option's value may be, NULL-terminated; NULL when that is open. */
const char *const *cli_option_choices(const struct option *option);

/* Prose with default, range and choices from the setting behind it. Caller frees. */
char *cli_option_prose(const struct option *option);

/* The tables of all settings there are, ending with a NULL row. Made once, never freed. */
const struct setting_table *cli_setting_tables(void);

/* The row of a full name, NULL when there is none. */
const struct setting *cli_setting(const char *name);

/* For units_nearest(): names of all sections, of a section's verbs, of a command's options (with
 * the dashes). NULL-terminated, caller frees with g_strfreev(). Hidden ones are left out. */
char **cli_section_names(void);
char **cli_verb_names(const struct feature *section);
char **cli_option_names(const struct feature *section, const struct command *command);

/* Of verbs of one word and of two: what may stand behind the section, and what behind a first word
 * ("wal": receive, push, fetch). Each once; caller frees with g_strfreev(). */
char **cli_first_words(const struct feature *section);
char **cli_second_words(const struct feature *section, const char *first);

#endif

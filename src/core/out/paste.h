/*
 * Text to be copied from a screen or a page. What a display would show escaped (display_clean()) is
 * written so that a shell, or the server, reads the very same: plain ASCII, and nothing that would
 * turn the rest of the line round.
 */
#ifndef CORE_PASTE_H
#define CORE_PASTE_H

/* One word for a shell: in single quotes; as $'…' with octal bytes (bash, zsh, ksh) where it has
 * what cannot be shown. Caller frees. */
char *paste_shell_word(const char *word);

/* A command line for a shell: those words quoted that it would not take as they are. Caller frees. */
char *paste_shell_words(char *const *words);

/* A line for a shell, its words quoted anew where it has what cannot be shown; else, and when it is
 * no such line, a copy. Caller frees. */
char *paste_shell_line(const char *line);

/* SQL, with "names" that cannot be shown as U&"…"; a copy where there is none. Caller frees. */
char *paste_sql(const char *sql);

#endif

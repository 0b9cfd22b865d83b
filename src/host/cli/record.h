/*
 * The command line as evidence: what was typed, without passwords.
 */
#ifndef HOST_CLI_RECORD_H
#define HOST_CLI_RECORD_H

/* Words joined as a shell would read them, passwords masked. Caller frees. */
char *cli_record_line(const char *const *words);

/* The text with passwords in connection strings and URIs replaced by stars. Caller frees. */
char *cli_mask_passwords(const char *text);

#endif

/*
 * The command line. Everything it knows of sections, commands and options stands in tables of
 * `struct feature`: the runbook's in features[], the host's own in grammar.c.
 */
#ifndef HOST_CLI_H
#define HOST_CLI_H

/* Does what the command line says and returns the exit code of the process. */
int cli_main(int argc, char **argv);

#endif

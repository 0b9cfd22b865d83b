/* The terminal itself, whatever stdin and stdout are redirected to. */
#ifndef CORE_TERMINAL_H
#define CORE_TERMINAL_H

/* Asks for a password without echo on the controlling terminal; NULL when there is none or the
 * input ended. Caller frees. */
char *terminal_password(const char *prompt);

#endif

#include "error.h"

GQuark runbook_error_quark(void)
{
    return g_quark_from_static_string("runbook-error-quark");
}

void runbook_error_set(GError **error, enum runbook_exit code, const char *hint,
                       const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    if (hint == NULL)
        g_set_error_literal(error, RUNBOOK_ERROR, (int) code, message);
    else
        g_set_error(error, RUNBOOK_ERROR, (int) code, "%s\nhint: %s", message, hint);
}

enum runbook_exit runbook_error_exit(const GError *error)
{
    if (error != NULL && error->domain == RUNBOOK_ERROR)
        return (enum runbook_exit) error->code;
    return RUNBOOK_FAILED;
}

#include "pg/libpq_library.h"

#include "library.h"
#include "library_names.h"

#include <libpq-fe.h>
#include <pthread.h>

/* clang-format off */
/* Result, name, parameters, arguments: as in libpq-fe.h, or it does not compile. One that is used
 * and not listed is not found by the linker. */
#define FUNCTIONS(X)                                                                           \
    X(int, PQbackendPID, (const PGconn *conn), (conn))                                         \
    X(int, PQcancel,                                                                           \
      (PGcancel *cancel, char *errbuf, int errbufsize),                                        \
      (cancel, errbuf, errbufsize))                                                            \
    X(char *, PQcmdTuples, (PGresult *res), (res))                                             \
    X(PostgresPollingStatusType, PQconnectPoll, (PGconn *conn), (conn))                        \
    X(PGconn *, PQconnectStartParams,                                                          \
      (const char *const *keywords, const char *const *values, int expand_dbname),             \
      (keywords, values, expand_dbname))                                                       \
    X(int, PQconnectionNeedsPassword, (const PGconn *conn), (conn))                            \
    X(PQconninfoOption *, PQconninfo, (PGconn *conn), (conn))                                  \
    X(PQconninfoOption *, PQconninfoParse,                                                     \
      (const char *conninfo, char **errmsg),                                                   \
      (conninfo, errmsg))                                                                      \
    X(int, PQconsumeInput, (PGconn *conn), (conn))                                             \
    X(char *, PQdb, (const PGconn *conn), (conn))                                              \
    X(PGresult *, PQdescribePrepared, (PGconn *conn, const char *stmt), (conn, stmt))          \
    X(char *, PQerrorMessage, (const PGconn *conn), (conn))                                    \
    X(char *, PQescapeIdentifier,                                                              \
      (PGconn *conn, const char *str, size_t len),                                             \
      (conn, str, len))                                                                        \
    X(char *, PQescapeLiteral, (PGconn *conn, const char *str, size_t len), (conn, str, len))  \
    X(int, PQflush, (PGconn *conn), (conn))                                                    \
    X(char *, PQfname, (const PGresult *res, int field_num), (res, field_num))                 \
    X(Oid, PQftype, (const PGresult *res, int field_num), (res, field_num))                    \
    X(PGcancel *, PQgetCancel, (PGconn *conn), (conn))                                         \
    X(int, PQgetCopyData, (PGconn *conn, char **buffer, int async), (conn, buffer, async))     \
    X(PGresult *, PQgetResult, (PGconn *conn), (conn))                                         \
    X(int, PQgetisnull,                                                                        \
      (const PGresult *res, int tup_num, int field_num),                                       \
      (res, tup_num, field_num))                                                               \
    X(char *, PQgetvalue,                                                                      \
      (const PGresult *res, int tup_num, int field_num),                                       \
      (res, tup_num, field_num))                                                               \
    X(int, PQgssEncInUse, (PGconn *conn), (conn))                                              \
    X(char *, PQhost, (const PGconn *conn), (conn))                                            \
    X(char *, PQhostaddr, (const PGconn *conn), (conn))                                        \
    X(int, PQisBusy, (PGconn *conn), (conn))                                                   \
    X(int, PQnfields, (const PGresult *res), (res))                                            \
    X(int, PQnparams, (const PGresult *res), (res))                                            \
    X(int, PQntuples, (const PGresult *res), (res))                                            \
    X(const char *, PQparameterStatus,                                                         \
      (const PGconn *conn, const char *paramName),                                             \
      (conn, paramName))                                                                       \
    X(Oid, PQparamtype, (const PGresult *res, int param_num), (res, param_num))                \
    X(char *, PQport, (const PGconn *conn), (conn))                                            \
    X(PGresult *, PQprepare,                                                                   \
      (PGconn *conn, const char *stmtName, const char *query, int nParams,                     \
       const Oid *paramTypes),                                                                 \
      (conn, stmtName, query, nParams, paramTypes))                                            \
    X(int, PQputCopyData,                                                                      \
      (PGconn *conn, const char *buffer, int nbytes),                                          \
      (conn, buffer, nbytes))                                                                  \
    X(int, PQputCopyEnd, (PGconn *conn, const char *errormsg), (conn, errormsg))               \
    X(char *, PQresultErrorField, (const PGresult *res, int fieldcode), (res, fieldcode))      \
    X(char *, PQresultErrorMessage, (const PGresult *res), (res))                              \
    X(ExecStatusType, PQresultStatus, (const PGresult *res), (res))                            \
    X(int, PQsendQuery, (PGconn *conn, const char *query), (conn, query))                      \
    X(int, PQsendQueryParams,                                                                  \
      (PGconn *conn, const char *command, int nParams, const Oid *paramTypes,                  \
       const char *const *paramValues, const int *paramLengths, const int *paramFormats,       \
       int resultFormat),                                                                      \
      (conn, command, nParams, paramTypes, paramValues, paramLengths, paramFormats,            \
       resultFormat))                                                                          \
    X(int, PQserverVersion, (const PGconn *conn), (conn))                                      \
    X(int, PQsetClientEncoding, (PGconn *conn, const char *encoding), (conn, encoding))        \
    X(PGVerbosity, PQsetErrorVerbosity,                                                        \
      (PGconn *conn, PGVerbosity verbosity),                                                   \
      (conn, verbosity))                                                                       \
    X(PQnoticeReceiver, PQsetNoticeReceiver,                                                   \
      (PGconn *conn, PQnoticeReceiver proc, void *arg),                                        \
      (conn, proc, arg))                                                                       \
    X(int, PQsocket, (const PGconn *conn), (conn))                                             \
    X(int, PQsslInUse, (PGconn *conn), (conn))                                                 \
    X(ConnStatusType, PQstatus, (const PGconn *conn), (conn))                                  \
    X(PGTransactionStatusType, PQtransactionStatus, (const PGconn *conn), (conn))              \
    X(char *, PQuser, (const PGconn *conn), (conn))

/* What they free may be NULL, which is no reason to load a library. */
#define RELEASES(X)                                                                            \
    X(void, PQclear, PGresult *, res)                                                          \
    X(void, PQconninfoFree, PQconninfoOption *, connOptions)                                   \
    X(void, PQfinish, PGconn *, conn)                                                          \
    X(void, PQfreeCancel, PGcancel *, cancel)                                                  \
    X(void, PQfreemem, void *, ptr)

#define POINTER(result, name, ...) __typeof__(name) *name;
#define ENTRY(result, name, ...) {#name, offsetof(struct libpq, name)},

struct libpq {
    FUNCTIONS(POINTER)
    RELEASES(POINTER)
};

static const struct library_function functions[] = {
    FUNCTIONS(ENTRY)
    RELEASES(ENTRY)
};
/* clang-format on */

G_STATIC_ASSERT(G_N_ELEMENTS(functions) * sizeof(void *) == sizeof(struct libpq));

static struct libpq libpq;
static gint is_loaded; /* atomic: once it is 1, the table is whole and stays as it is */

bool libpq_library_load(GError **error)
{
    static const struct library library = {"libpq", LIBRARY_PQ, "every connection needs it"};
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* as in lint_ahead.c */

    if (g_atomic_int_get(&is_loaded))
        return true;
    pthread_mutex_lock(&lock);
    bool loaded = g_atomic_int_get(&is_loaded) ||
                  library_load(&library, functions, G_N_ELEMENTS(functions), &libpq, error);
    if (loaded)
        g_atomic_int_set(&is_loaded, 1);
    pthread_mutex_unlock(&lock);
    return loaded;
}

static const struct libpq *loaded(void)
{
    g_autoptr(GError) error = NULL;

    if (!libpq_library_load(&error))
        g_error("%s", error->message);
    return &libpq;
}

/* Hidden: libpq calls some of its functions by name, and must find its own. */
#define HIDDEN __attribute__((visibility("hidden")))

#define FORWARD(result, name, parameters, arguments)                                           \
    HIDDEN result name parameters                                                              \
    {                                                                                          \
        return loaded()->name arguments;                                                       \
    }
#define RELEASE(result, name, type, argument)                                                  \
    HIDDEN result name(type argument)                                                          \
    {                                                                                          \
        if ((argument) != NULL)                                                                \
            loaded()->name(argument);                                                          \
    }

/* clang-format off */
FUNCTIONS(FORWARD)
RELEASES(RELEASE)
/* clang-format on */

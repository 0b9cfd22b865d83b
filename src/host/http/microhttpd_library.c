#include "http/microhttpd_library.h"

#include "library.h"
#include "library_names.h"

#define FUNCTION(name)                                                                         \
    {                                                                                          \
        "MHD_" #name, offsetof(struct microhttpd_library, name)                                \
    }

static const struct library_function functions[] = {
    FUNCTION(add_response_header),
    FUNCTION(create_response_from_buffer),
    FUNCTION(create_response_from_buffer_with_free_callback_cls),
    FUNCTION(create_response_from_callback),
    FUNCTION(destroy_response),
    FUNCTION(get_connection_info),
    FUNCTION(get_connection_values),
    FUNCTION(get_daemon_info),
    FUNCTION(get_response_header),
    FUNCTION(get_timeout),
    FUNCTION(is_feature_supported),
    FUNCTION(lookup_connection_value),
    FUNCTION(queue_response),
    FUNCTION(quiesce_daemon),
    FUNCTION(resume_connection),
    FUNCTION(run),
    FUNCTION(start_daemon),
    FUNCTION(stop_daemon),
    FUNCTION(suspend_connection),
};

G_STATIC_ASSERT(G_N_ELEMENTS(functions) * sizeof(void *) == sizeof(struct microhttpd_library));

const struct microhttpd_library *microhttpd;

bool microhttpd_library_load(GError **error)
{
    static const struct library library = {"libmicrohttpd", LIBRARY_MICROHTTPD,
                                           "HTTP needs it (http.listen = off does without)"};
    static struct microhttpd_library table;

    if (microhttpd == NULL &&
        library_load(&library, functions, G_N_ELEMENTS(functions), &table, error))
        microhttpd = &table;
    return microhttpd != NULL;
}

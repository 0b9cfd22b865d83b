#include "fetch/curl_library.h"

#include "library.h"
#include "library_names.h"

#define FUNCTION(name)                                                                         \
    {                                                                                          \
        "curl_" #name, offsetof(struct curl_library, name)                                     \
    }

static const struct library_function functions[] = {
    FUNCTION(easy_cleanup),
    FUNCTION(easy_getinfo),
    FUNCTION(easy_init),
    FUNCTION(easy_setopt),
    FUNCTION(easy_strerror),
    FUNCTION(free),
    FUNCTION(getdate),
    FUNCTION(global_init),
    FUNCTION(multi_add_handle),
    FUNCTION(multi_cleanup),
    FUNCTION(multi_info_read),
    FUNCTION(multi_init),
    FUNCTION(multi_remove_handle),
    FUNCTION(multi_setopt),
    FUNCTION(multi_socket_action),
    FUNCTION(slist_append),
    FUNCTION(slist_free_all),
    FUNCTION(url),
    FUNCTION(url_cleanup),
    FUNCTION(url_get),
    FUNCTION(url_set),
};

G_STATIC_ASSERT(G_N_ELEMENTS(functions) * sizeof(void *) == sizeof(struct curl_library));

const struct curl_library *curl;

bool curl_library_load(GError **error)
{
    static const struct library library = {"libcurl", LIBRARY_CURL,
                                           "webhooks, mail and readiness checks need it"};
    static struct curl_library table;

    if (curl == NULL &&
        library_load(&library, functions, G_N_ELEMENTS(functions), &table, error))
        curl = &table;
    return curl != NULL;
}

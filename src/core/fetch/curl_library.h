/*
 * libcurl, loaded when it is first used: most commands send nothing by HTTP or mail.
 */
#ifndef CORE_FETCH_CURL_LIBRARY_H
#define CORE_FETCH_CURL_LIBRARY_H

#include <curl/curl.h>
#include <glib.h>
#include <stdbool.h>

/* Its functions in use. The types are its header's; what curl.h checks of an option's value, by
 * macros, it does not see here: a number is a long (1L), unless the option's manual says curl_off_t. */
struct curl_library {
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_free) *free;
    __typeof__(curl_getdate) *getdate;
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_socket_action) *multi_socket_action;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    __typeof__(curl_url) *url;
    __typeof__(curl_url_cleanup) *url_cleanup;
    __typeof__(curl_url_get) *url_get;
    __typeof__(curl_url_set) *url_set;
};

/* NULL until curl_library_load() has said true. */
extern const struct curl_library *curl;

/* From the main thread only. False: as library_load(). */
bool curl_library_load(GError **error);

#endif

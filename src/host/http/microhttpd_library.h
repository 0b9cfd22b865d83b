/*
 * libmicrohttpd, loaded when it is first used: by `serve`, and by what judges its settings.
 */
#ifndef HOST_HTTP_MICROHTTPD_LIBRARY_H
#define HOST_HTTP_MICROHTTPD_LIBRARY_H

#include <glib.h>
#include <microhttpd.h>
#include <stdbool.h>

/* Its functions in use; the types are its header's. */
struct microhttpd_library {
    __typeof__(MHD_add_response_header) *add_response_header;
    __typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
    __typeof__(MHD_create_response_from_buffer_with_free_callback_cls)
        *create_response_from_buffer_with_free_callback_cls;
    __typeof__(MHD_create_response_from_callback) *create_response_from_callback;
    __typeof__(MHD_destroy_response) *destroy_response;
    __typeof__(MHD_get_connection_info) *get_connection_info;
    __typeof__(MHD_get_connection_values) *get_connection_values;
    __typeof__(MHD_get_daemon_info) *get_daemon_info;
    __typeof__(MHD_get_response_header) *get_response_header;
    __typeof__(MHD_get_timeout) *get_timeout;
    __typeof__(MHD_is_feature_supported) *is_feature_supported;
    __typeof__(MHD_lookup_connection_value) *lookup_connection_value;
    __typeof__(MHD_queue_response) *queue_response;
    __typeof__(MHD_quiesce_daemon) *quiesce_daemon;
    __typeof__(MHD_resume_connection) *resume_connection;
    __typeof__(MHD_run) *run;
    __typeof__(MHD_start_daemon) *start_daemon;
    __typeof__(MHD_stop_daemon) *stop_daemon;
    __typeof__(MHD_suspend_connection) *suspend_connection;
};

/* NULL until microhttpd_library_load() has said true. */
extern const struct microhttpd_library *microhttpd;

/* From the main thread only. False: as library_load(). */
bool microhttpd_library_load(GError **error);

#endif

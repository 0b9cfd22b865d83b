#include "daemon/api_private.h"

#include <string.h>

void api_answer_json(struct http_request *request, int status, struct json_text *json)
{
    json_text_close(json);
    g_autofree char *body = g_strconcat(json_text_peek(json), "\n", NULL);
    http_answer_text(request, status, "application/json", body, NULL);
}

void api_answer_method(struct http_request *request, const char *error)
{
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "error", error);
    json_text_close(json);
    g_autofree char *body = g_strconcat(json_text_peek(json), "\n", NULL);
    http_answer_text(request, API_METHOD, "application/json", body, "Allow",
                     http_request_is_post(request) ? "GET, HEAD" : "POST", (const char *) NULL);
}

void api_answer_error(struct http_request *request, int status, const GError *error)
{
    static const char mark[] = "hint: ";
    g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
    const char *hint = NULL;

    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, mark))
            hint = *line + strlen(mark);
    if (status == API_METHOD)
        api_answer_method(request, lines[0]);
    else
        http_answer_error(request, status, lines[0], hint);
}

bool api_asks_only(struct http_request *request, const char *names)
{
    g_auto(GStrv) known = g_strsplit(names, " ", -1);
    g_autoptr(GError) error = NULL;

    if (api_query_known(http_request_query(request), (const char *const *) known, &error))
        return true;
    api_answer_error(request, API_WRONG, error);
    return false;
}

void api_answer_result(struct http_request *request, const struct api_result *result)
{
    char at[JSON_TEXT_TIME_SIZE] = "";
    gint64 age_us = MAX(0, g_get_real_time() - result->at_us);
    g_autofree char *age = g_strdup_printf("%.1f", (double) age_us / G_USEC_PER_SEC);
    g_autofree char *code = g_strdup_printf("%d", result->exit_code);

    if (result->status != 200) {
        http_answer_error(request, result->status, result->error, result->hint);
        return;
    }
    json_text_format_time(result->at_us, at);
    http_answer_bytes(request, 200, "application/json", result->document, "X-Pgrunbook-At", at,
                      "X-Pgrunbook-Age", age, "X-Pgrunbook-Exit", code, NULL);
}

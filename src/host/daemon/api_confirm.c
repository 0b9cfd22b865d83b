#include "daemon/api_confirm.h"

#include <string.h>

enum { REASON_LONGEST = 500 /* characters */ };

#define ANEW "ask for the plan again"

struct api_refusal api_confirm(const struct api_plan *plan,
                               const struct api_confirmation *confirmation)
{
    if (plan == NULL)
        return (struct api_refusal){404, "there is no such plan", "ask for the plan first"};
    if (strcmp(plan->token, confirmation->token) != 0)
        return (struct api_refusal){403, "the plan was shown to another token", NULL};
    if (strcmp(plan->path, confirmation->path) != 0)
        return (struct api_refusal){400, "the plan is of another command", NULL};
    if (confirmation->says_more)
        return (struct api_refusal){400, "the plan is of another target, or of other options",
                                    "a confirmation has plan_id and reason, and nothing else"};
    if (plan->used)
        return (struct api_refusal){409, "the plan was carried out already", ANEW};
    if (confirmation->now_us > plan->dies_us)
        return (struct api_refusal){410, "the plan has expired", ANEW};
    if (plan->settings != confirmation->settings)
        return (struct api_refusal){409, "the settings were read anew since the plan was shown",
                                    ANEW};
    if (!confirmation->has_reason)
        return (struct api_refusal){
            400, "a reason is needed: one line of text, 500 characters at most", NULL};
    return (struct api_refusal){0, NULL, NULL};
}

char *api_reason(const json_t *value)
{
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != json_string_length(value))
        return NULL;
    g_autofree char *reason = g_strstrip(g_strdup(text));
    if (reason[0] == '\0' || g_utf8_strlen(reason, -1) > REASON_LONGEST)
        return NULL;
    for (const char *at = reason; *at != '\0'; at++)
        if (g_ascii_iscntrl(*at))
            return NULL;
    return g_steal_pointer(&reason);
}

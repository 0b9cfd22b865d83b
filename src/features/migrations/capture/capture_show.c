#include "capture/capture.h"

#include "out/document.h"

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *texts_of(const GPtrArray *texts)
{
    json_t *array = json_array();

    for (guint i = 0; i < texts->len; i++)
        json_array_append_new(array, document_text(texts->pdata[i]));
    return array;
}

static json_t *part_of(const struct capture_part *part)
{
    return json_pack("{sb so so so}", "transactional", (int) !part->alone, "up",
                     texts_of(part->up), "down", texts_of(part->down), "notes",
                     texts_of(part->notes));
}

static json_t *file_of(const struct capture *capture, const struct capture_file *file)
{
    g_autofree char *path =
        capture->dir != NULL ? g_build_filename(capture->dir, file->name, NULL) : NULL;

    return json_pack("{so so so}", "name", document_text(file->name), "path",
                     document_text(path), "text", document_text(file->text));
}

static void show_document(const struct capture *capture)
{
    const struct document_server server = {session_version(capture->target),
                                           session_database(capture->target),
                                           session_system_identifier(capture->target)};
    struct document *document =
        document_begin(capture->call->output, "migrations.capture/1", &server);

    document_member(document, "format", json_string(folder_format_name(capture->format)));
    document_member(document, "writes", json_integer(capture->log->writes));
    document_member(document, "failed", json_integer(capture->log->failed));
    document_array(document, "migrations");
    for (guint i = 0; i < capture->parts->len; i++)
        document_item(document, part_of(capture->parts->pdata[i]));
    document_array_end(document);
    document_array(document, "files");
    for (guint i = 0; i < capture->files->len; i++)
        document_item(document, file_of(capture, capture->files->pdata[i]));
    document_array_end(document);
    document_member(
        document, "proof",
        json_pack("{sb sb so so}", "down", (int) (capture->wrong_down->len == 0), "up",
                  (int) (capture->wrong_down->len == 0 && capture->wrong_up->len == 0),
                  "down_differs", texts_of(capture->wrong_down), "up_differs",
                  texts_of(capture->wrong_up)));
    document_end(document);
}

/* ---- text ---------------------------------------------------------------------------------- */

static void show_files(const struct capture *capture)
{
    struct output *output = capture->call->output;

    for (guint i = 0; i < capture->files->len; i++) {
        const struct capture_file *file = capture->files->pdata[i];
        if (capture->dir == NULL)
            output_say(output, "-- %s\n%s", file->name, file->text);
        else
            output_say(output, "written: %s/%s", capture->dir, file->name);
    }
}

static void show_list(struct output *output, const char *heading, const GPtrArray *texts)
{
    if (texts->len > 0)
        output_say(output, "%s", heading);
    for (guint i = 0; i < texts->len; i++)
        output_say(output, "  %s", (const char *) texts->pdata[i]);
}

static void show_proof(const struct capture *capture)
{
    struct output *output = capture->call->output;

    for (guint i = 0; i < capture->parts->len; i++) {
        const struct capture_part *part = capture->parts->pdata[i];
        for (guint j = 0; j < part->notes->len; j++)
            output_say(output, "Not taken back: %s", (const char *) part->notes->pdata[j]);
    }
    show_list(output,
              "After the proposed down, the schema is not as it was:", capture->wrong_down);
    show_list(output, "After up once more, the schema is not what the program made:",
              capture->wrong_up);
    if (capture->wrong_down->len == 0 && capture->wrong_up->len == 0)
        output_say(
            output,
            "Proved on the copy: down leads back to the schema as it was, up again to what "
            "the program made.");
}

void capture_show(struct capture *capture)
{
    struct output *output = capture->call->output;
    const struct capture_log *log = capture->log;

    if (output_format(output) == OUTPUT_JSON) {
        show_document(capture);
        return;
    }
    if (log->statements->len == 0)
        output_say(output, "The program changed nothing in the schema.");
    else
        output_say(output, "The program changed the schema by %u statement%s.",
                   log->statements->len, log->statements->len == 1 ? "" : "s");
    if (log->failed > 0)
        output_say(output, "%u more failed or were rolled back.", log->failed);
    if (log->writes > 0)
        output_say(output, "It also wrote rows, by %u statement%s: those are left out.",
                   log->writes, log->writes == 1 ? "" : "s");
    show_files(capture);
    if (log->statements->len == 0)
        return;
    show_proof(capture);
    if (capture->dir != NULL)
        output_say(output, "Next: pgrunbook migrations lint %s", capture->dir);
}

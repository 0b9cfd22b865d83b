/*
 * goose: both directions in one file, parted by annotations. After its parser
 * (internal/sqlparser): what that refuses is told, and its cuts are compared with ours.
 */
#include "folder/folder_private.h"

#include <string.h>

enum annotation {
    ANNOTATION_NONE,
    ANNOTATION_BAD,
    ANNOTATION_UP,
    ANNOTATION_DOWN,
    ANNOTATION_BEGIN,
    ANNOTATION_END,
    ANNOTATION_NO_TRANSACTION,
    ANNOTATION_ENVSUB_ON,
    ANNOTATION_ENVSUB_OFF,
};

struct goose {
    struct folder *folder;
    const struct folder_file *file;
    GArray *parts[2];  /* up, down: of struct folder_piece, at most one each */
    GArray *pieces[2]; /* its statements */
    int direction;     /* -1: neither yet */
    bool block;        /* between StatementBegin and StatementEnd */
    bool open;         /* a statement has begun, at `start` */
    gsize start, end;
    guint line;
    bool no_transaction, envsub;
    bool told; /* that text stands before the first annotation */
};

static void refuse(struct goose *goose, guint line, const char *message)
{
    folder_problem(goose->folder, FOLDER_ERROR, goose->file->name, line, "goose-annotation",
                   "goose refuses the file: %s", message);
}

static enum annotation annotation_named(const char *name)
{
    static const struct {
        const char *name;
        enum annotation annotation;
    } names[] = {
        {"Up", ANNOTATION_UP},
        {"Down", ANNOTATION_DOWN},
        {"StatementBegin", ANNOTATION_BEGIN},
        {"StatementEnd", ANNOTATION_END},
        {"NO TRANSACTION", ANNOTATION_NO_TRANSACTION},
        {"ENVSUB ON", ANNOTATION_ENVSUB_ON},
        {"ENVSUB OFF", ANNOTATION_ENVSUB_OFF},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(names[i].name, name) == 0)
            return names[i].annotation;
    return ANNOTATION_BAD;
}

static enum annotation annotation_of(struct goose *goose, const struct folder_line *line)
{
    g_autofree char *text = folder_line_text(goose->file, line);
    const char *mark = strstr(text, "+goose");
    char first = goose->file->text[line->start];

    if (!g_str_has_prefix(text, "--") || mark == NULL)
        return ANNOTATION_NONE;
    if (first == ' ' || first == '\t') {
        refuse(goose, line->number, "blanks stand before an annotation");
        return ANNOTATION_BAD;
    }
    g_auto(GStrv) around = g_strsplit(text, "--", -1);
    g_autofree char *joined = g_strjoinv("", around);
    g_auto(GStrv) halves = g_strsplit(joined, "+goose", 2);
    g_autofree char *name = g_strstrip(g_strjoinv("", halves));
    enum annotation annotation = annotation_named(name);
    if (annotation == ANNOTATION_BAD)
        refuse(goose, line->number, "it knows no such annotation");
    return annotation;
}

static void add_piece(GArray *pieces, gsize start, gsize end)
{
    const struct folder_piece piece = {.start = start, .end = end};

    g_array_append_val(pieces, piece);
}

static void end_statement(struct goose *goose)
{
    if (goose->open && goose->direction >= 0)
        add_piece(goose->pieces[goose->direction], goose->start, goose->end);
    goose->open = false;
}

/* What is left where a direction ends has no semicolon at the end of a line. */
static void end_direction(struct goose *goose, gsize at)
{
    if (goose->direction < 0)
        return;
    if (goose->block)
        refuse(goose, goose->line, "StatementEnd is missing");
    else if (goose->open)
        folder_problem(goose->folder, FOLDER_ERROR, goose->file->name, goose->line,
                       "goose-unfinished",
                       "goose misses a semicolon at the end of a line behind this statement");
    end_statement(goose);
    goose->block = false;
    g_array_index(goose->parts[goose->direction], struct folder_piece, 0).end = at;
}

static void begin_direction(struct goose *goose, int direction, const struct folder_line *line)
{
    if (direction == 0 && goose->direction >= 0) {
        refuse(goose, line->number, "a second \"-- +goose Up\"");
        return;
    }
    if (direction == 1 && goose->direction != 0) {
        refuse(goose, line->number,
               goose->direction < 0 ? "\"-- +goose Down\" stands before \"-- +goose Up\""
                                    : "a second \"-- +goose Down\"");
        if (goose->direction == 1)
            return;
    }
    end_direction(goose, line->start);
    goose->direction = direction;
    add_piece(goose->parts[direction], line->next, goose->file->length);
}

static void take_annotation(struct goose *goose, enum annotation annotation,
                            const struct folder_line *line)
{
    switch (annotation) {
    case ANNOTATION_UP:
    case ANNOTATION_DOWN:
        begin_direction(goose, annotation == ANNOTATION_DOWN, line);
        break;
    case ANNOTATION_BEGIN:
        if (goose->direction < 0 || goose->block)
            refuse(goose, line->number, "StatementBegin has no place here");
        goose->block = goose->direction >= 0;
        break;
    case ANNOTATION_END:
        if (!goose->block)
            refuse(goose, line->number, "StatementEnd without StatementBegin");
        goose->block = false;
        end_statement(goose);
        break;
    case ANNOTATION_NO_TRANSACTION:
        goose->no_transaction = true;
        break;
    case ANNOTATION_ENVSUB_ON:
    case ANNOTATION_ENVSUB_OFF:
        goose->envsub = annotation == ANNOTATION_ENVSUB_ON;
        break;
    case ANNOTATION_NONE:
    case ANNOTATION_BAD:
        break;
    }
}

static void take_sql(struct goose *goose, const struct folder_line *line)
{
    g_autofree char *text = folder_line_text(goose->file, line);

    if (!goose->open && (g_str_has_prefix(text, "--") || text[0] == '\0'))
        return;
    if (goose->direction < 0) {
        if (!goose->told)
            refuse(goose, line->number, "it does not begin with \"-- +goose Up\"");
        goose->told = true;
        return;
    }
    if (goose->envsub && strchr(text, '$') != NULL && strstr(text, "${") != NULL)
        folder_problem(goose->folder, FOLDER_ERROR, goose->file->name, line->number,
                       "goose-envsub",
                       "goose puts the environment's value in the place of ${…}, "
                       "pgrunbook does not");
    if (!goose->open) {
        goose->open = true;
        goose->start = line->start;
        goose->line = line->number;
    }
    goose->end = line->end;
    if (!goose->block && folder_line_ends_statement(text, strlen(text)))
        end_statement(goose);
}

static void read_lines(struct goose *goose)
{
    struct folder_line line = {.next = 0};

    while (folder_line_next(goose->file, &line)) {
        enum annotation annotation = annotation_of(goose, &line);
        if (annotation == ANNOTATION_NONE)
            take_sql(goose, &line);
        else
            take_annotation(goose, annotation, &line);
    }
    end_direction(goose, goose->file->length);
    if (goose->parts[0]->len == 0) {
        if (!goose->told)
            refuse(goose, 0, "it has no \"-- +goose Up\"");
        /* Looked at all the same, as what it was meant to be. */
        add_piece(goose->parts[0], 0, goose->file->length);
        g_array_set_size(goose->parts[1], 0);
    }
}

static struct folder_script *script_of(struct goose *goose, int direction)
{
    const GArray *parts = goose->parts[direction];

    if (parts->len == 0)
        return NULL;
    const struct folder_piece *part = &g_array_index(parts, struct folder_piece, 0);
    struct folder_script *script = folder_script_new(goose->folder, goose->file, part->start,
                                                     part->end, goose->no_transaction);
    folder_pieces_check(goose->folder, script, goose->file, part->start,
                        goose->pieces[direction]);
    return script;
}

static void read_sql(struct folder *folder, struct folder_migration *migration,
                     const struct folder_file *file)
{
    struct goose goose = {.folder = folder, .file = file, .direction = -1};

    for (int i = 0; i < 2; i++) {
        goose.parts[i] = g_array_new(FALSE, FALSE, sizeof(struct folder_piece));
        goose.pieces[i] = g_array_new(FALSE, FALSE, sizeof(struct folder_piece));
    }
    read_lines(&goose);
    migration->up = script_of(&goose, 0);
    migration->down = script_of(&goose, 1);
    for (int i = 0; i < 2; i++) {
        g_array_unref(goose.parts[i]);
        g_array_unref(goose.pieces[i]);
    }
}

void folder_goose_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        bool go = g_str_has_suffix(file->name, ".go");
        gsize digits = folder_digits(file->name);
        gint64 number = g_ascii_strtoll(file->name, NULL, 10);

        if ((!go && !g_str_has_suffix(file->name, ".sql")) ||
            g_str_has_suffix(file->name, "_test.go"))
            continue;
        if (digits == 0 || digits > 19 || file->name[digits] != '_' || number < 1) {
            if (!go)
                folder_problem(folder, FOLDER_WARNING, file->name, 0, "name",
                               "goose passes over it: its name does not begin with a number "
                               "and \"_\"");
            if (go || !g_str_has_suffix(folder->path, file->name))
                continue; /* but a file that was named itself is looked at */
        }
        bool named = digits > 0 && file->name[digits] == '_';
        g_autofree char *version = folder_number(file->name, digits);
        const char *rest = file->name + (named ? digits + 1 : 0);
        g_autofree char *name = g_strndup(rest, strlen(rest) - (go ? 3 : 4));
        struct folder_migration *migration =
            folder_migration_add(folder, named ? version : name, name);
        folder_migration_hash(migration, file);
        if (go)
            folder_problem(folder, FOLDER_WARNING, file->name, 0, "go-migration",
                           "is written in Go, and is not looked at");
        else
            read_sql(folder, migration, file);
    }
}

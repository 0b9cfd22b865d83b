/*
 * Runs a fuzz target once over every file of its corpus: what was found once stays found. Takes
 * the corpus folder; an empty one is a mistake.
 */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &content, &length, &error)) {
        g_printerr("%s\n", error->message);
        exit(EXIT_FAILURE);
    }
    /* A copy without the final NUL, so that the sanitizer sees a read beyond the end. */
    g_autofree uint8_t *data = g_malloc(MAX(length, 1));
    memcpy(data, content, length);
    g_print("%s\n", path);
    LLVMFuzzerTestOneInput(data, length);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) folder = argc == 2 ? g_dir_open(argv[1], 0, &error) : NULL;
    int count = 0;

    if (folder == NULL) {
        g_printerr("%s\n", error != NULL ? error->message : "usage: replay FOLDER");
        return EXIT_FAILURE;
    }
    for (const char *name = g_dir_read_name(folder); name != NULL;
         name = g_dir_read_name(folder), count++) {
        g_autofree char *path = g_build_filename(argv[1], name, NULL);
        replay(path);
    }
    if (count == 0)
        g_printerr("%s is empty\n", argv[1]);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * The shapes of the JSON documents: NAME.json beside this file looks like the document of that name.
 * The reference prints them, tests hold what the program answers against them, and OpenAPI has them
 * as JSON Schema.
 */
#ifndef HOST_DOCUMENTS_H
#define HOST_DOCUMENTS_H

/* One object, name → schema, made by tools/documents.py. */
extern const char host_documents[];

#endif

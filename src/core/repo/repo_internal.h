/* What the files behind repo.h share; not for others. */
#ifndef CORE_REPO_INTERNAL_H
#define CORE_REPO_INTERNAL_H

#include "repo/repo.h"

struct repo {
    char *path; /* absolute */
    struct repo_key *key;
    char *trouble;
};

struct lineage {
    struct repo *repo;
    char *system, *path, *backups;
    GHashTable *locks; /* name → descriptor + 1 */
};

/* A backup's own files, and what its folder is called before and after its life. */
#define REPO_MANIFEST      "manifest.json"
#define REPO_MANIFEST_COPY "manifest.copy.json"
#define REPO_PROOF         "proof.json"
#define REPO_DAMAGE        "damage.json"
#define REPO_NEW           ".new-"
#define REPO_GONE          ".gone-"

/* "20261126T022300F" */
bool repo_backup_id_valid(const char *id);

/* Reads what was found out about a backup into it. */
void repo_proof_read(const struct lineage *lineage, struct repo_backup *backup);

#endif

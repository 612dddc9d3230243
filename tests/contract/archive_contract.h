/* contract/archive_contract.h: what every archive must do (ports/archive.h). */
#ifndef KK_TESTS_ARCHIVE_CONTRACT_H
#define KK_TESTS_ARCHIVE_CONTRACT_H

#include "ports/archive.h"

struct archive_world {
    void (*make)(void *ctx);            /* an empty place */
    struct archive *(*open)(void *ctx); /* that place, also a second time, also beside another that is open */
    void (*remove)(void *ctx);
    void *ctx;
};
/* Gives the number of tests that failed. */
int archive_contract_run(const char *name, const struct archive_world *world);

#endif

/* cmd/wire.h: configuration → adapters; the only place that knows them all. */
#ifndef KK_CMD_WIRE_H
#define KK_CMD_WIRE_H

#include "app/app.h"
#include "base/clock.h"
#include "base/rng.h"
#include "cmd/config.h"

#define WIRE_PATH_BYTES 512

enum wire_part {                 /* what a process needs of the world */
                 WIRE_STORE = 1, /* brought to this program's schema */
                 WIRE_QUEUE = 2,
                 WIRE_LIMITER = 4,
                 WIRE_ARCHIVE = 8,
                 WIRE_SITE = 16,  /* the fetcher */
                 WIRE_EVENTS = 32 /* the sinks */
};
#define WIRE_MANAGE (WIRE_STORE | WIRE_QUEUE | WIRE_LIMITER)
#define WIRE_ALL (WIRE_MANAGE | WIRE_ARCHIVE | WIRE_SITE | WIRE_EVENTS)

struct http;
struct wire {              /* a zeroed one is valid for wire_close() */
    struct config *config; /* kept */
    struct kk_clock clock;
    struct kk_rng rng;
    struct kk_rng_seeded chance;
    struct http *http; /* of the fetcher and the webhooks; NULL: neither is there */
    struct app app;
    int schema_from, schema_to; /* what opening the store did */
    char dir[WIRE_PATH_BYTES];  /* the data folder: where the store, the lock and the socket are */
};

/* Opens these parts, making folders (0700) where they are missing. KK_BAD_INPUT: a URL of no known scheme, or of one
 * that is not in this build. The backends' own codes, with the key of the setting in front. Close it either way. */
enum kk_code wire_open(struct wire *wire, struct config *config, unsigned parts, struct kk_err *err);
void wire_close(struct wire *wire); /* NULL is fine */
/* A commit of ours is news to whoever runs on this folder. */
void wire_wake(struct wire *wire);

#endif

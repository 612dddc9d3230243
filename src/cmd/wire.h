/* cmd/wire.h: configuration → adapters; the only place that knows them all. */
#ifndef KK_CMD_WIRE_H
#define KK_CMD_WIRE_H

#include "adapters/host/host_linux.h"
#include "adapters/crypto/seal.h"
#include "app/app.h"
#include "base/clock.h"
#include "base/rng.h"
#include "cmd/config.h"

#define WIRE_PATH_BYTES 512

enum wire_part {                   /* what a process needs of the world, in the order in which it is opened */
                 WIRE_STORE = 1,   /* brought to this program's schema */
                 WIRE_QUEUE = 2,   /* needs the store */
                 WIRE_LIMITER = 4, /* needs the store */
                 WIRE_ARCHIVE = 8,
                 WIRE_SITE = 16,   /* the fetcher */
                 WIRE_EVENTS = 32, /* the sinks */
                 WIRE_EVENT_NAMES =
                     64, /* instead of the sinks: only their names, for those who write the outbox and never deliver */
                 WIRE_TIMETABLE = 128 /* the scheduler elsewhere, for those who speak with it; there may be none */
};
#define WIRE_MANAGE (WIRE_STORE | WIRE_QUEUE | WIRE_LIMITER)
#define WIRE_ALL (WIRE_MANAGE | WIRE_ARCHIVE | WIRE_SITE | WIRE_EVENTS)

struct aws;
struct http;
struct wire {              /* a zeroed one is valid for wire_close() */
    struct config *config; /* kept */
    struct kk_clock clock;
    struct kk_rng rng;
    struct http *http; /* of the fetcher and the webhooks; NULL: neither is there */
    struct aws *aws;   /* NULL: no backend is there */
    struct app app;
    struct host_linux host;
    struct seal seal;           /* the key to the agents' tokens, where wire_add_seal() was called */
    bool has_names_only;        /* of the events' destinations */
    bool is_shared;             /* the store is a server's: processes of other machines may be on it */
    int schema_from, schema_to; /* what opening the store did */
    char who[65];               /* the person at the terminal, for the audit; "": nobody's */
    char dir[WIRE_PATH_BYTES];  /* the data folder: where the store, the lock and the sockets are */
};

/* Clock, limits and the names of things; checks that every URL's scheme is known and in this build. Opens nothing.
 * KK_BAD_INPUT names the valid schemes. */
enum kk_code wire_begin(struct wire *wire, struct config *config, struct kk_err *err);
/* Opens one part, making folders (0700) where they are missing. The backends' own codes, with the setting's key in
 * front of the sentence. */
enum kk_code wire_add(struct wire *wire, enum wire_part part, struct kk_err *err);
enum kk_code wire_add_all(struct wire *wire, unsigned parts, struct kk_err *err);
/* The key to the agents' tokens, for a process that sends requests; after WIRE_STORE. is_trial: looks whether key and
 * store fit, and changes nothing; KK_NOT_FOUND: there is no key yet. */
enum kk_code wire_add_seal(struct wire *wire, bool is_trial, struct kk_err *err);
/* The HTTP that a loop waits in, for a process that may have no transfers. */
enum kk_code wire_add_http(struct wire *wire, struct kk_err *err);
/* Makes the data folder, for whoever needs it before the store. */
enum kk_code wire_make_dir(const struct wire *wire, struct kk_err *err);
/* Begin and add. Close it either way. */
enum kk_code wire_open(struct wire *wire, struct config *config, unsigned parts, struct kk_err *err);
void wire_close(struct wire *wire); /* NULL is fine */

/* Where other processes find this one: "<dir>/kkachi.sock", or with the process's id for one of several. */
void wire_socket_path(const struct wire *wire, bool is_one_of_several, char ret[WIRE_PATH_BYTES]);
/* A commit of ours is news to whoever else runs on this folder. */
void wire_wake(const struct wire *wire);
/* Removes the sockets of processes that died. Only where nobody else runs on the folder. */
void wire_sweep_sockets(const struct wire *wire);

#endif

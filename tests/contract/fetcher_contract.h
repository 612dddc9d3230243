/* contract/fetcher_contract.h: what every fetcher must do (ports/fetcher.h). An adapter's test brings a world in which
 * each of these pages answers as its name says. */
#ifndef KK_TESTS_FETCHER_CONTRACT_H
#define KK_TESTS_FETCHER_CONTRACT_H

#include "ports/fetcher.h"

enum page {
    PAGE_PLAIN,      /* 200, "Content-Type: text/plain", body PAGE_BODY */
    PAGE_EMPTY,      /* 200 without a body */
    PAGE_COOKIES,    /* two lines "Set-Cookie": "a=1; Path=/" and "b=2" */
    PAGE_MISSING,    /* 404 with the body "gone" */
    PAGE_REDIRECT,   /* 302 to PAGE_PLAIN */
    PAGE_ECHO,       /* 200, the request's headers as body */
    PAGE_STALLED,    /* takes the request and never answers */
    PAGE_HALF_STALL, /* answers the head and one byte, then nothing more */
    PAGE_CUT,        /* the connection ends inside the body */
    PAGE_ENDED,      /* the connection ends without an answer */
    PAGE_HUGE,       /* 200 with a body of PAGE_HUGE_BYTES */
    PAGE_REFUSED     /* nobody listens there */
};
#define PAGE_BODY "{\"까치\":1}"
#define PAGE_HUGE_BYTES (256 * 1024)

struct fetcher_world {
    /* Gives a fetcher in an empty world. */
    struct fetcher *(*open)(void *ctx);
    /* After fetcher_close(). */
    void (*close)(void *ctx);
    const char *(*url)(void *ctx, enum page page); /* valid until the next call */
    void (*turn)(void *ctx);                       /* waits a little and tells what came */
    void *ctx;
};
/* Gives the number of tests that failed. */
int fetcher_contract_run(const char *name, const struct fetcher_world *world);

#endif

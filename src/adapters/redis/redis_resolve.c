/* A name's address, within a time: getaddrinfo() knows no bound, so a thread of its own waits for it. One that nobody
 * waits for any longer ends by itself, at the resolver's own time-out; there are never many of them. */
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/redis/redis_priv.h"
#include "base/assert.h"

#define LOOKUPS_MAX 4

struct lookup { /* shared by two: whoever is last frees it */
    char host[256], port[8];
    int failure;
    struct addrinfo *found;
    bool is_done, is_left;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of everything here */
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static int lookup_count;

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};

static void free_lookup(struct lookup *lookup)
{
    if (lookup->found)
        freeaddrinfo(lookup->found);
    free(lookup);
}

static void *look_up(void *ctx)
{
    struct lookup *lookup = ctx;
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(lookup->host, lookup->port, &stream, &found);
    bool is_left;

    pthread_mutex_lock(&lock);
    lookup->failure = failure;
    lookup->found = failure ? NULL : found;
    lookup->is_done = true;
    is_left = lookup->is_left;
    lookup_count--;
    pthread_cond_broadcast(&done);
    pthread_mutex_unlock(&lock);
    if (is_left)
        free_lookup(lookup);
    return NULL;
}

/* A signal is for the threads that know what to do with it. */
static bool start(struct lookup *lookup)
{
    sigset_t all, old;
    pthread_t thread;
    bool is_started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    is_started = pthread_create(&thread, NULL, look_up, lookup) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (is_started)
        pthread_detach(thread);
    return is_started;
}

/* With the lock. False: it is not there in time, and from now on the thread's alone. */
static bool wait_for(struct lookup *lookup, int64_t until_ms)
{
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int rc = 0;

    while (!lookup->is_done && rc == 0)
        rc = pthread_cond_clockwait(&done, &lock, CLOCK_MONOTONIC, &until);
    lookup->is_left = !lookup->is_done;
    return lookup->is_done;
}

/* With the lock. NULL: there are too many already, or no memory for one more. */
static struct lookup *begin(const char *host, const char *port)
{
    struct lookup *lookup = lookup_count < LOOKUPS_MAX ? calloc(1, sizeof(*lookup)) : NULL;

    if (!lookup)
        return NULL;
    kk_sv_copy(kk_sv_of(host), lookup->host, sizeof(lookup->host));
    kk_sv_copy(kk_sv_of(port), lookup->port, sizeof(lookup->port));
    if (!start(lookup)) {
        free(lookup);
        return NULL;
    }
    lookup_count++;
    return lookup;
}

static enum kk_code take(struct lookup *lookup, struct addrinfo **ret_found, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    if (lookup->failure)
        rc = kk_fail(err, KK_UNAVAILABLE, "its name has no address: %s", gai_strerror(lookup->failure));
    else
        *ret_found = lookup->found;
    lookup->found = NULL;
    free_lookup(lookup);
    return rc;
}

enum kk_code redis_resolve(const char *host, const char *port, int64_t until_ms, struct addrinfo **ret_found,
                           struct kk_err *err)
{
    const struct addrinfo number = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct lookup *lookup;
    bool is_done;

    if (getaddrinfo(host, port, &number, ret_found) == 0)
        return KK_OK;
    pthread_mutex_lock(&lock);
    lookup = begin(host, port);
    is_done = lookup && wait_for(lookup, until_ms);
    pthread_mutex_unlock(&lock);
    if (!is_done)
        return kk_fail(err, KK_TIMEOUT, "its name's address did not come in time; does the name service answer?");
    return take(lookup, ret_found, err);
}

#include "sandbox/late.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "sandbox/memory.h"

#define NS_IN_MS 1000000
#define FAR_MS INT64_C(3600000)

struct waiting {
    int64_t due_ms;
    struct MHD_Connection *connection;
};

struct late {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_closing;
    int count;
    struct waiting waiting[LATE_MAX];
};

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_IN_MS;
}

/* Resumes what is due, or all; gives when the next is. With the lock held. */
static int64_t wake_due(struct late *late, int64_t now_ms)
{
    int64_t next_ms = now_ms + FAR_MS;

    for (int i = 0; i < late->count;) {
        if (late->is_closing || late->waiting[i].due_ms <= now_ms) {
            MHD_resume_connection(late->waiting[i].connection);
            late->waiting[i] = late->waiting[--late->count];
            continue;
        }
        if (late->waiting[i].due_ms < next_ms)
            next_ms = late->waiting[i].due_ms;
        i++;
    }
    return next_ms;
}

static void *run(void *ctx)
{
    struct late *late = ctx;

    pthread_mutex_lock(&late->lock);
    while (!late->is_closing) {
        int64_t next_ms = wake_due(late, mono_ms());
        struct timespec until = {.tv_sec = (time_t)(next_ms / 1000), .tv_nsec = (long)(next_ms % 1000) * NS_IN_MS};

        pthread_cond_timedwait(&late->changed, &late->lock, &until);
    }
    wake_due(late, mono_ms());
    pthread_mutex_unlock(&late->lock);
    return NULL;
}

struct late *late_create(void)
{
    struct late *late = memory_new(1, sizeof(*late));
    pthread_condattr_t attr;

    pthread_mutex_init(&late->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&late->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&late->thread, NULL, run, late) == 0)
        return late;
    pthread_cond_destroy(&late->changed);
    pthread_mutex_destroy(&late->lock);
    free(late);
    return NULL;
}

bool late_add(struct late *late, struct MHD_Connection *connection, int64_t delay_ms)
{
    bool is_taken;

    pthread_mutex_lock(&late->lock);
    is_taken = !late->is_closing && late->count < LATE_MAX;
    if (is_taken) {
        MHD_suspend_connection(connection);
        late->waiting[late->count++] = (struct waiting){mono_ms() + delay_ms, connection};
        pthread_cond_signal(&late->changed);
    }
    pthread_mutex_unlock(&late->lock);
    return is_taken;
}

void late_close(struct late *late)
{
    pthread_mutex_lock(&late->lock);
    late->is_closing = true;
    pthread_cond_signal(&late->changed);
    pthread_mutex_unlock(&late->lock);
    pthread_join(late->thread, NULL);
}

bool late_is_closing(struct late *late)
{
    pthread_mutex_lock(&late->lock);
    bool is_closing = late->is_closing;
    pthread_mutex_unlock(&late->lock);
    return is_closing;
}

void late_destroy(struct late *late)
{
    if (!late)
        return;
    pthread_cond_destroy(&late->changed);
    pthread_mutex_destroy(&late->lock);
    free(late);
}

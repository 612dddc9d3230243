/* Transfers are made when first needed and used again. Those that are finished wait in a queue until http_turn() tells
 * them, so that no owner is called from inside its own start or cancel. */
#include "adapters/http/http_curl.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "adapters/clock/clock_system.h"
#include "adapters/http/http_transfer.h"
#include "base/assert.h"

#define WATCH_MS 1000 /* between two looks for transfers that libcurl has forgotten, and what they get on top */

struct http {
    CURLM *multi;
    struct kk_clock clock;
    int64_t watched_at_ms;
    char *ca_file;
    struct transfer **transfers; /* all: one more than max_transfers, for an owner that starts while it is told */
    size_t max_transfers, transfer_count;
    struct transfer *idle;
    struct transfer *finished, **finished_end; /* first in, first told */
    size_t finished_count, in_flight;
    bool has_unsent; /* started since the last look at the transfers */
};

enum kk_code http_open(const struct http_settings *settings, struct http **ret_http, struct kk_err *err)
{
    struct http *http = calloc(1, sizeof(*http));

    KK_ASSERT(settings->max_transfers > 0);
    if (!http)
        return kk_fail(err, KK_NO_MEMORY, "no memory for HTTP");
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(http);
        return kk_fail(err, KK_UNAVAILABLE, "libcurl does not start");
    }
    http->clock = clock_system();
    http->finished_end = &http->finished;
    http->max_transfers = settings->max_transfers;
    http->transfers = calloc(settings->max_transfers + 1, sizeof(struct transfer *));
    http->ca_file = settings->ca_file ? strdup(settings->ca_file) : NULL;
    http->multi = curl_multi_init();
    if (!http->transfers || !http->multi || (settings->ca_file && !http->ca_file)) {
        http_close(http);
        return kk_fail(err, KK_NO_MEMORY, "no memory for HTTP");
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)settings->max_transfers);
    *ret_http = http;
    return KK_OK;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < http->transfer_count; i++) {
        if (http->transfers[i]->state == TRANSFER_RUNNING)
            curl_multi_remove_handle(http->multi, http->transfers[i]->easy);
        transfer_destroy(http->transfers[i]);
    }
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http->transfers);
    free(http->ca_file);
    free(http);
}

static enum kk_code take_idle(struct http *http, struct transfer **ret_transfer, struct kk_err *err)
{
    struct transfer *transfer = http->idle;

    if (http->in_flight == http->max_transfers)
        return kk_fail(err, KK_BUSY, "%zu transfers are under way, as many as may be", http->max_transfers);
    if (transfer) {
        http->idle = transfer->next;
        *ret_transfer = transfer;
        return KK_OK;
    }
    KK_ASSERT(http->transfer_count <= http->max_transfers);

    enum kk_code rc = transfer_create(http->ca_file, &transfer, err);

    if (rc)
        return rc;
    http->transfers[http->transfer_count++] = transfer;
    *ret_transfer = transfer;
    return KK_OK;
}

static void give_idle(struct http *http, struct transfer *transfer)
{
    transfer_rest(transfer);
    transfer->next = http->idle;
    http->idle = transfer;
}

static void push_finished(struct http *http, struct transfer *transfer)
{
    transfer->next = NULL;
    *http->finished_end = transfer;
    http->finished_end = &transfer->next;
    http->finished_count++;
}

static struct transfer *pop_finished(struct http *http)
{
    struct transfer *transfer = http->finished;

    KK_ASSERT(transfer);
    http->finished = transfer->next;
    if (!http->finished)
        http->finished_end = &http->finished;
    http->finished_count--;
    return transfer;
}

static void finish(struct http *http, struct transfer *transfer, enum fetch_end end, CURLcode outcome)
{
    KK_ASSERT(transfer->state == TRANSFER_RUNNING);
    curl_multi_remove_handle(http->multi, transfer->easy);
    transfer->state = TRANSFER_FINISHED;
    transfer->end = end;
    transfer->outcome = outcome;
    push_finished(http, transfer);
}

enum kk_code http_start(struct http *http, const struct http_owner *owner, int64_t id,
                        const struct http_request *request, struct kk_err *err)
{
    struct transfer *transfer = NULL;
    enum kk_code rc = take_idle(http, &transfer, err);

    KK_ASSERT(request->timeout_ms > 0 && request->max_body_bytes > 0 && request->max_header_bytes > 0);
    if (rc)
        return rc;
    KK_ASSERT(transfer);
    rc = transfer_set(transfer, request, err);
    if (!rc && curl_multi_add_handle(http->multi, transfer->easy))
        rc = kk_fail(err, KK_NO_MEMORY, "no memory for a transfer");
    if (rc) {
        give_idle(http, transfer);
        return rc;
    }
    transfer->owner = owner;
    transfer->id = id;
    transfer->give_up_at_ms = kk_mono_ms(&http->clock) + transfer->set_timeout_ms + WATCH_MS;
    transfer->state = TRANSFER_RUNNING;
    http->has_unsent = true;
    http->in_flight++;
    return KK_OK;
}

void http_cancel_all(struct http *http, const struct http_owner *owner)
{
    for (size_t i = 0; i < http->transfer_count; i++) {
        struct transfer *transfer = http->transfers[i];

        if (transfer->state == TRANSFER_RUNNING && transfer->owner == owner)
            finish(http, transfer, FETCH_CANCELLED, CURLE_OK);
    }
}

void http_forget(struct http *http, const struct http_owner *owner)
{
    http_cancel_all(http, owner);
    for (size_t count = http->finished_count; count > 0; count--) { /* once round: the others keep their order */
        struct transfer *transfer = pop_finished(http);

        if (transfer->owner != owner) {
            push_finished(http, transfer);
            continue;
        }
        give_idle(http, transfer);
        http->in_flight--;
    }
}

size_t http_in_flight(const struct http *http)
{
    return http->in_flight;
}

/* Moves what can move; what is done goes to the finished queue. */
static void perform(struct http *http)
{
    CURLMsg *msg;
    int left;

    http->has_unsent = false;
    curl_multi_perform(http->multi, &left);
    while ((msg = curl_multi_info_read(http->multi, &left))) {
        CURLcode outcome = msg->data.result; /* msg dies with the handle's removal */

        KK_ASSERT(msg->msg == CURLMSG_DONE);
        finish(http, transfer_of(msg->easy_handle), outcome ? FETCH_BROKEN : FETCH_DONE, outcome);
    }
}

/* libcurl times a transfer out by itself, but for one that waits for another's connection when memory ran out there:
 * that one would never be told, and its place would be lost. */
static void give_up_on_forgotten(struct http *http)
{
    int64_t now_ms = http->in_flight > 0 ? kk_mono_ms(&http->clock) : 0;

    if (now_ms - http->watched_at_ms < WATCH_MS)
        return;
    http->watched_at_ms = now_ms;
    for (size_t i = 0; i < http->transfer_count; i++) {
        struct transfer *transfer = http->transfers[i];

        if (transfer->state == TRANSFER_RUNNING && now_ms >= transfer->give_up_at_ms)
            finish(http, transfer, FETCH_BROKEN, CURLE_OPERATION_TIMEDOUT);
    }
}

static void tell(struct http *http, struct transfer *transfer)
{
    const struct http_owner *owner = transfer->owner;
    struct fetch_reply reply;

    transfer_reply(transfer, &reply);
    http->in_flight--;
    owner->on_done(owner->ctx, transfer->id, &reply);
    give_idle(http, transfer);
}

void http_turn(struct http *http)
{
    perform(http);
    give_up_on_forgotten(http);
    /* Only as many as there are now: what an owner cancels while it is told waits for the next turn. */
    for (size_t count = http->finished_count; count > 0 && http->finished; count--)
        tell(http, pop_finished(http));
}

enum kk_code http_wait(struct http *http, struct http_fd *fds, size_t count, int64_t timeout_ms, struct kk_err *err)
{
    struct curl_waitfd waits[HTTP_FDS_MAX] = {0};
    int timeout = timeout_ms < 0 ? 0 : timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;

    KK_ASSERT(count <= HTTP_FDS_MAX);
    for (size_t i = 0; i < count; i++) {
        waits[i].fd = fds[i].fd;
        waits[i].events = CURL_WAIT_POLLIN;
    }
    if (http->has_unsent) /* on their way before we sleep; one look at the descriptors then serves old and new */
        perform(http);
    if (http->finished_count > 0)
        timeout = 0;
    else if (http->in_flight > 0 && timeout > WATCH_MS)
        timeout = WATCH_MS;

    CURLMcode rc = curl_multi_poll(http->multi, waits, (unsigned)count, timeout, NULL);

    if (rc)
        return kk_fail(err, rc == CURLM_OUT_OF_MEMORY ? KK_NO_MEMORY : KK_UNAVAILABLE, "wait: %s",
                       curl_multi_strerror(rc));
    for (size_t i = 0; i < count; i++)
        fds[i].is_ready = waits[i].revents & CURL_WAIT_POLLIN;
    return KK_OK;
}

void http_wake(struct http *http)
{
    curl_multi_wakeup(http->multi);
}

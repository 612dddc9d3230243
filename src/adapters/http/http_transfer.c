#include "adapters/http/http_transfer.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define URL_MAX_BYTES 8192
#define REQUEST_HEADERS_MAX_BYTES (32 * 1024)
#define REQUEST_BODY_MAX_BYTES (16 * 1024 * 1024)
#define IDLE_BUFFER_MAX_BYTES (256 * 1024) /* a larger buffer is given back: one huge body is not kept for ever */
/* An item page then comes in one read; with libcurl's own 16 KiB it took two, and 15 % more CPU. */
#define RECEIVE_BUFFER_BYTES (32 * 1024)
#define TRANSFER_MAGIC 0x7F377201u

static struct transfer *checked(void *from_curl)
{
    struct transfer *transfer = from_curl;

    KK_ASSERT(transfer && transfer->magic == TRANSFER_MAGIC);
    return transfer;
}

struct transfer *transfer_of(CURL *easy)
{
    void *from_curl = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &from_curl);
    return checked(from_curl);
}

/* What libcurl calls */

static size_t on_body(char *bytes, size_t size, size_t count, void *from_curl)
{
    struct transfer *transfer = checked(from_curl);
    size_t len = size * count;

    kk_buf_add(&transfer->body, (struct kk_sv){bytes, len});
    if (!transfer->body.failed)
        return len;
    if (transfer->body.failed == KK_BAD_INPUT)
        transfer->too_big = HTTP_BODY_TOO_BIG;
    return 0; /* ends the transfer */
}

static void keep_header(struct kk_buf *headers, struct kk_sv line)
{
    struct kk_sv value = line;
    struct kk_sv name = kk_sv_cut(&value, ':');

    if (!value.ptr || name.len == 0 || name.ptr[0] == ' ' || name.ptr[0] == '\t')
        return; /* no header, or the obsolete second line of one */

    char *room = kk_buf_room(headers, line.len + 2);

    if (!room)
        return;
    for (size_t i = 0; i < name.len; i++)
        *room++ = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] + 32) : name.ptr[i];
    *room++ = ':';
    *room++ = ' ';
    value = kk_sv_trim(value);
    for (size_t i = 0; i < value.len; i++) /* a control byte could forge a line of its own */
        *room++ = (unsigned char)value.ptr[i] < 0x20 ? ' ' : value.ptr[i];
    *room++ = '\n';
    headers->len = (size_t)(room - headers->ptr);
}

static size_t on_header(char *bytes, size_t size, size_t count, void *from_curl)
{
    struct transfer *transfer = checked(from_curl);
    struct kk_sv line = {bytes, size * count};
    size_t len = line.len;

    transfer->header_bytes += len;
    if (transfer->header_bytes > transfer->max_header_bytes) {
        transfer->too_big = HTTP_HEAD_TOO_BIG;
        return 0;
    }
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    if (kk_sv_starts(line, KK_SV("HTTP/"))) { /* what an interim response said is of no use */
        kk_buf_clear(&transfer->headers);
        transfer->is_head_over = false;
    } else if (line.len == 0) {
        transfer->is_head_over = true;
    } else if (!transfer->is_head_over) {
        keep_header(&transfer->headers, line);
    }
    return transfer->headers.failed ? 0 : len;
}

/* Called before each sending. libcurl sends again by itself when a kept connection ended without an answer; the site
 * may have seen the first one, so a second would break the promise of R1. The task's own retry is counted. */
static int on_send(void *from_curl, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct transfer *transfer = checked(from_curl);

    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    if (transfer->was_sent)
        return CURL_PREREQFUNC_ABORT;
    transfer->was_sent = true;
    return CURL_PREREQFUNC_OK;
}

/* Made and unmade */

static enum kk_code set_once(struct transfer *transfer, const char *ca_file, struct kk_err *err)
{
    CURL *easy = transfer->easy;
    CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc ? rc : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_PRIVATE, (void *)transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a hanging name server must not hold up a stop */
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca_file)
        SET(CURLOPT_CAINFO, ca_file);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L); /* a first connection that speaks HTTP/2 carries all; also one name look-up, not 64 */
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_BUFFER_BYTES);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)transfer);
    SET(CURLOPT_PREREQFUNCTION, on_send);
    SET(CURLOPT_PREREQDATA, (void *)transfer);
#undef SET
    return rc ? kk_fail(err, KK_UNAVAILABLE, "libcurl: %s", curl_easy_strerror(rc)) : KK_OK;
}

enum kk_code transfer_create(const char *ca_file, struct transfer **ret_transfer, struct kk_err *err)
{
    struct transfer *transfer = calloc(1, sizeof(*transfer));
    enum kk_code rc;

    if (!transfer)
        return kk_fail(err, KK_NO_MEMORY, "no memory for a transfer");
    transfer->magic = TRANSFER_MAGIC;
    transfer->state = TRANSFER_IDLE;
    transfer->url = KK_BUF(URL_MAX_BYTES);
    transfer->request_headers = KK_BUF(REQUEST_HEADERS_MAX_BYTES);
    transfer->request_body = KK_BUF(REQUEST_BODY_MAX_BYTES);
    transfer->easy = curl_easy_init();
    rc = transfer->easy ? set_once(transfer, ca_file, err) : kk_fail(err, KK_NO_MEMORY, "no memory for a transfer");
    if (rc) {
        transfer_destroy(transfer);
        return rc;
    }
    *ret_transfer = transfer;
    return KK_OK;
}

void transfer_destroy(struct transfer *transfer)
{
    if (!transfer)
        return;
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    kk_buf_done(&transfer->url);
    kk_buf_done(&transfer->request_headers);
    kk_buf_done(&transfer->request_body);
    kk_buf_done(&transfer->headers);
    kk_buf_done(&transfer->body);
    free(transfer);
}

/* The request */

static bool has_control_byte(struct kk_sv text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
            return true;
    return false;
}

static enum kk_code set_url(struct transfer *transfer, struct kk_sv url, struct kk_err *err)
{
    bool is_http = kk_sv_starts(url, KK_SV("http://")) || kk_sv_starts(url, KK_SV("https://"));

    if (!is_http || has_control_byte(url) || memchr(url.ptr, ' ', url.len))
        return kk_fail(err, KK_BAD_INPUT, "this is no http or https address");
    kk_buf_clear(&transfer->url);
    kk_buf_add(&transfer->url, url);
    if (transfer->url.failed)
        return kk_buf_check(&transfer->url, "the address", err);

    CURLcode rc = curl_easy_setopt(transfer->easy, CURLOPT_URL, kk_buf_cstr(&transfer->url));

    return rc ? kk_fail(err, KK_NO_MEMORY, "libcurl: %s", curl_easy_strerror(rc)) : KK_OK;
}

/* libcurl only reads the list it is given, so the list can stand in our own array over one copy of the text. */
static enum kk_code set_headers(struct transfer *transfer, const struct http_request *request, struct kk_err *err)
{
    static char no_expect[] = "Expect:"; /* waiting for "100 Continue" would cost a round trip */
    struct kk_buf *text = &transfer->request_headers;
    size_t count = 0;

    kk_buf_clear(text);
    kk_buf_add(text, request->headers);
    if (text->failed)
        return kk_buf_check(text, "the headers of the request", err);
    for (size_t at = 0; at < text->len;) {
        struct kk_sv rest = {text->ptr + at, text->len - at};
        struct kk_sv line = kk_sv_cut(&rest, '\n');

        if (has_control_byte(line) || kk_sv_find(line, KK_SV(": ")) == line.len)
            return kk_fail(err, KK_BAD_INPUT, "a header of the request is malformed");
        if (count == HTTP_HEADER_LINES_MAX)
            return kk_fail(err, KK_BAD_INPUT, "the request has more than %d headers", HTTP_HEADER_LINES_MAX);
        transfer->lines[count++].data = text->ptr + at;
        at += line.len + 1;
        text->ptr[at - 1] = '\0'; /* over the newline, or in the spare byte behind the text */
    }
    if (request->method != HTTP_GET)
        transfer->lines[count++].data = no_expect;
    for (size_t i = 0; i < count; i++)
        transfer->lines[i].next = i + 1 < count ? &transfer->lines[i + 1] : NULL;

    CURLcode rc = curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, count ? transfer->lines : NULL);

    return rc ? kk_fail(err, KK_NO_MEMORY, "libcurl: %s", curl_easy_strerror(rc)) : KK_OK;
}

static enum kk_code set_method(struct transfer *transfer, const struct http_request *request, struct kk_err *err)
{
    struct kk_buf *body = &transfer->request_body;
    CURL *easy = transfer->easy;
    CURLcode rc = CURLE_OK;

    if (request->method != HTTP_GET) {
        kk_buf_clear(body);
        kk_buf_add(body, request->body);
        if (body->failed)
            return kk_buf_check(body, "the body of the request", err);
        rc = curl_easy_setopt(easy, CURLOPT_POST, 1L);
        rc = rc ? rc : curl_easy_setopt(easy, CURLOPT_POSTFIELDS, kk_buf_cstr(body));
        rc = rc ? rc : curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
        rc = rc ? rc
                : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                                   request->method == HTTP_PUT      ? "PUT"
                                   : request->method == HTTP_DELETE ? "DELETE"
                                                                    : NULL);
    } else if (transfer->set_method != HTTP_GET) {
        rc = curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        rc = rc ? rc : curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    }
    transfer->set_method = request->method;
    return rc ? kk_fail(err, KK_NO_MEMORY, "libcurl: %s", curl_easy_strerror(rc)) : KK_OK;
}

enum kk_code transfer_set(struct transfer *transfer, const struct http_request *request, struct kk_err *err)
{
    long timeout_ms = request->timeout_ms > LONG_MAX ? LONG_MAX : (long)request->timeout_ms;
    enum kk_code rc = set_url(transfer, request->url, err);

    if (!rc)
        rc = set_headers(transfer, request, err);
    if (!rc)
        rc = set_method(transfer, request, err);
    if (!rc && transfer->set_timeout_ms != timeout_ms) {
        transfer->set_timeout_ms = timeout_ms;
        if (curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, timeout_ms))
            rc = kk_fail(err, KK_BAD_INPUT, "the time-out is out of range");
    }
    transfer->headers.max_bytes = request->max_header_bytes;
    transfer->body.max_bytes = request->max_body_bytes;
    transfer->max_header_bytes = request->max_header_bytes;
    transfer->header_bytes = 0;
    transfer->is_head_over = transfer->was_sent = false;
    transfer->too_big = 0;
    return rc;
}

/* The reply */

void transfer_reply(struct transfer *transfer, struct fetch_reply *ret)
{
    struct http_failure failure = {
        .easy = transfer->easy,
        .outcome = transfer->outcome,
        .url = kk_buf_sv(&transfer->url),
        .timeout_ms = transfer->set_timeout_ms,
        .max_body_bytes = transfer->body.max_bytes,
        .max_header_bytes = transfer->max_header_bytes,
        .too_big = transfer->too_big,
        .was_sent = transfer->was_sent,
    };
    curl_off_t total_us = 0;
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    ret->end = transfer->end;
    ret->http_status = (int)status;
    ret->headers = kk_buf_sv(&transfer->headers);
    ret->body = &transfer->body;
    ret->latency_ms = total_us / 1000;
    ret->error[0] = '\0';
    if (ret->end == FETCH_CANCELLED)
        kk_sv_copy(KK_SV("cancelled"), ret->error, sizeof(ret->error));
    else if (ret->end != FETCH_DONE)
        ret->end = http_error_text(&failure, ret->error, sizeof(ret->error));
}

void transfer_rest(struct transfer *transfer)
{
    struct kk_buf *bufs[] = {&transfer->request_body, &transfer->headers, &transfer->body};

    for (size_t i = 0; i < KK_COUNT(bufs); i++) {
        size_t max_bytes = bufs[i]->max_bytes;

        if (bufs[i]->cap > IDLE_BUFFER_MAX_BYTES)
            kk_buf_done(bufs[i]);
        kk_buf_clear(bufs[i]);
        bufs[i]->max_bytes = max_bytes;
    }
    transfer->state = TRANSFER_IDLE;
    transfer->owner = NULL;
}

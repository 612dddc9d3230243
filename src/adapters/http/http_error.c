#include "adapters/http/http_error.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define WORDS_BYTES 96

struct kk_sv http_authority(struct kk_sv url)
{
    size_t scheme = kk_sv_find(url, KK_SV("://"));
    size_t begin = scheme < url.len ? scheme + 3 : 0;
    size_t end = begin;

    while (end < url.len && url.ptr[end] != '/' && url.ptr[end] != '?' && url.ptr[end] != '#')
        end++;
    for (size_t at = end; at > begin; at--) /* the last '@' ends the user: a password may hold others */
        if (url.ptr[at - 1] == '@') {
            begin = at;
            break;
        }
    return (struct kk_sv){url.ptr + begin, end - begin};
}

/* " (connection refused)", or nothing where the system said nothing. */
static void system_words(CURL *easy, char ret_words[WORDS_BYTES])
{
    long number = 0;
    const char *words;

    ret_words[0] = '\0';
    if (curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) || number == 0)
        return;
    words = strerrordesc_np((int)number);
    if (words && words[0])
        snprintf(ret_words, WORDS_BYTES, " (%c%s)", words[0] >= 'A' && words[0] <= 'Z' ? words[0] + 32 : words[0],
                 words + 1);
}

static void timeout_text(const struct http_failure *failure, char *ret_text, size_t text_bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf limit = KK_BUF(64);
    struct kk_sv host = http_authority(failure->url);
    long status = 0;

    kk_duration_print(failure->timeout_ms, &limit);
    curl_easy_getinfo(failure->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!failure->was_sent)
        snprintf(ret_text, text_bytes, "could not connect to " KK_SV_FMT " within %s", KK_SV_ARG(host),
                 kk_buf_cstr(&limit));
    else if (status < 200)
        snprintf(ret_text, text_bytes, "no answer within %s", kk_buf_cstr(&limit));
    else
        snprintf(ret_text, text_bytes, "the answer was not complete within %s", kk_buf_cstr(&limit));
}

static void too_big_text(const struct http_failure *failure, bool is_head, char *ret_text, size_t text_bytes)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf limit = KK_BUF(64);

    kk_size_print((int64_t)(is_head ? failure->max_header_bytes : failure->max_body_bytes), &limit);
    snprintf(ret_text, text_bytes, "%s over %s", is_head ? "the headers are" : "the body is", kk_buf_cstr(&limit));
}

static void broken_text(const struct http_failure *failure, char *ret_text, size_t text_bytes)
{
    struct kk_sv host = http_authority(failure->url);
    CURLcode outcome = failure->outcome;
    char words[WORDS_BYTES];

    system_words(failure->easy, words);
    if (outcome == CURLE_URL_MALFORMAT)
        snprintf(ret_text, text_bytes, "the address is malformed");
    else if (outcome == CURLE_COULDNT_RESOLVE_HOST)
        snprintf(ret_text, text_bytes, "there is no host named " KK_SV_FMT, KK_SV_ARG(host));
    else if (outcome == CURLE_COULDNT_CONNECT)
        snprintf(ret_text, text_bytes, "could not connect to " KK_SV_FMT "%s", KK_SV_ARG(host), words);
    else if (outcome == CURLE_PEER_FAILED_VERIFICATION)
        snprintf(ret_text, text_bytes, "the certificate of " KK_SV_FMT " is not to be trusted", KK_SV_ARG(host));
    else if (outcome == CURLE_SSL_CONNECT_ERROR)
        snprintf(ret_text, text_bytes, KK_SV_FMT " does not speak TLS as it should", KK_SV_ARG(host));
    else if (outcome == CURLE_PARTIAL_FILE)
        snprintf(ret_text, text_bytes, "the body was cut short");
    else if (outcome == CURLE_GOT_NOTHING || outcome == CURLE_ABORTED_BY_CALLBACK)
        snprintf(ret_text, text_bytes, "the connection ended without an answer");
    else if (outcome == CURLE_RECV_ERROR || outcome == CURLE_SEND_ERROR)
        snprintf(ret_text, text_bytes, "the connection was lost%s", words);
    else if (outcome == CURLE_BAD_CONTENT_ENCODING)
        snprintf(ret_text, text_bytes, "the body could not be decompressed");
    else if (outcome == CURLE_UNSUPPORTED_PROTOCOL || outcome == CURLE_WEIRD_SERVER_REPLY)
        snprintf(ret_text, text_bytes, "the answer is not HTTP");
    else
        snprintf(ret_text, text_bytes, "the transfer failed: %s", curl_easy_strerror(outcome));
}

enum fetch_end http_error_text(const struct http_failure *failure, char *ret_text, size_t text_bytes)
{
    if (failure->too_big) {
        too_big_text(failure, failure->too_big == HTTP_HEAD_TOO_BIG, ret_text, text_bytes);
        return FETCH_TOO_BIG;
    }
    if (failure->outcome == CURLE_OPERATION_TIMEDOUT) {
        timeout_text(failure, ret_text, text_bytes);
        return FETCH_TIMED_OUT;
    }
    broken_text(failure, ret_text, text_bytes);
    return FETCH_BROKEN;
}

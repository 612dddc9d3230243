#include "adapters/aws/sigv4.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"

#define CANONICAL_MAX_BYTES (64 * 1024)
#define STAMP_BYTES 17 /* "20130524T000000Z" and a NUL */
#define HEX_BYTES (2 * KK_HASH_BYTES + 1)
#define PAIRS_ALL_MAX (SIGV4_PAIRS_MAX + 4) /* host, date, token, the body's hash */

struct header_set {
    struct sigv4_pair pair[PAIRS_ALL_MAX];
    size_t count;
};

static void hex(const struct kk_hash *hash, char ret[HEX_BYTES])
{
    for (size_t i = 0; i < KK_HASH_BYTES; i++)
        snprintf(ret + 2 * i, 3, "%02x", hash->byte[i]);
}

/* RFC 3986: all but the unreserved ones; a '/' stays where it parts a path. */
static void add_encoded(struct kk_buf *out, struct kk_sv text, bool is_path)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool is_plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                        byte == '-' || byte == '.' || byte == '_' || byte == '~' || (is_path && byte == '/');

        if (is_plain) {
            kk_buf_addc(out, (char)byte);
            continue;
        }
        kk_buf_addc(out, '%');
        kk_buf_addc(out, digits[byte >> 4]);
        kk_buf_addc(out, digits[byte & 15]);
    }
}

static int by_name(const void *a, const void *b)
{
    const struct sigv4_pair *left = a, *right = b;
    int order = kk_sv_cmp(left->name, right->name);

    return order ? order : kk_sv_cmp(left->value, right->value);
}

/* Sorted by what stands on the wire, so each is encoded first. */
static enum kk_code add_query(const struct sigv4_request *request, struct kk_buf *out, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(CANONICAL_MAX_BYTES);
    struct sigv4_pair sorted[SIGV4_PAIRS_MAX];
    size_t cut[2 * SIGV4_PAIRS_MAX + 1] = {0};

    if (request->query_count > SIGV4_PAIRS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "a request has more than %d query parameters", SIGV4_PAIRS_MAX);
    for (size_t i = 0; i < request->query_count; i++) {
        add_encoded(&text, request->query[i].name, false);
        cut[2 * i + 1] = text.len;
        add_encoded(&text, request->query[i].value, false);
        cut[2 * i + 2] = text.len;
    }
    if (text.failed)
        return kk_buf_check(&text, "a request's query", err);
    for (size_t i = 0; i < request->query_count; i++) {
        sorted[i].name = (struct kk_sv){text.ptr + cut[2 * i], cut[2 * i + 1] - cut[2 * i]};
        sorted[i].value = (struct kk_sv){text.ptr + cut[2 * i + 1], cut[2 * i + 2] - cut[2 * i + 1]};
    }
    if (request->query_count)
        qsort(sorted, request->query_count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < request->query_count; i++) {
        kk_buf_add(out, i ? KK_SV("&") : KK_SV(""));
        kk_buf_add(out, sorted[i].name);
        kk_buf_addc(out, '=');
        kk_buf_add(out, sorted[i].value);
    }
    return KK_OK;
}

/* Blanks at the ends go, and a run of them is one. */
static void add_folded(struct kk_buf *out, struct kk_sv value)
{
    value = kk_sv_trim(value);
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] != ' ' || value.ptr[i - 1] != ' ')
            kk_buf_addc(out, value.ptr[i]);
}

static void add_signed_names(const struct header_set *set, struct kk_buf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        kk_buf_add(out, i ? KK_SV(";") : KK_SV(""));
        kk_buf_add(out, set->pair[i].name);
    }
}

static bool has_line_break(struct kk_sv text)
{
    return text.len && (memchr(text.ptr, '\n', text.len) || memchr(text.ptr, '\r', text.len));
}

static enum kk_code collect_headers(const struct sigv4_request *request, const struct sigv4_key *key, const char *stamp,
                                    const char *body_hash, struct header_set *set, struct kk_err *err)
{
    if (request->header_count > SIGV4_PAIRS_MAX)
        return kk_fail(err, KK_BAD_INPUT, "a request has more than %d headers to sign", SIGV4_PAIRS_MAX);
    set->count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        set->pair[set->count++] = request->headers[i];
    set->pair[set->count++] = (struct sigv4_pair){KK_SV("host"), request->host};
    set->pair[set->count++] = (struct sigv4_pair){KK_SV("x-amz-date"), kk_sv_of(stamp)};
    if (key->token.len)
        set->pair[set->count++] = (struct sigv4_pair){KK_SV("x-amz-security-token"), key->token};
    if (request->is_s3)
        set->pair[set->count++] = (struct sigv4_pair){KK_SV("x-amz-content-sha256"), kk_sv_of(body_hash)};
    for (size_t i = 0; i < set->count; i++)
        if (has_line_break(set->pair[i].value) || has_line_break(set->pair[i].name))
            return kk_fail(err, KK_BAD_INPUT, "a header of a request holds a line break");
    qsort(set->pair, set->count, sizeof(set->pair[0]), by_name);
    return KK_OK;
}

/* The key is narrowed to day, region and service in turn. */
static struct kk_hash signature_of(const struct sigv4_request *request, struct kk_sv secret, struct kk_sv day,
                                   struct kk_sv text)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf seed = KK_BUF(CANONICAL_MAX_BYTES);
    const struct kk_sv steps[] = {day, request->region, request->service, KK_SV("aws4_request"), text};
    struct kk_hash key;
    struct kk_sv from;

    kk_buf_add(&seed, KK_SV("AWS4"));
    kk_buf_add(&seed, secret);
    from = kk_buf_sv(&seed);
    for (size_t i = 0; i < KK_COUNT(steps); i++) {
        key = kk_hmac_sha256(from, steps[i]);
        from = (struct kk_sv){(const char *)key.byte, KK_HASH_BYTES};
    }
    if (seed.ptr)
        explicit_bzero(seed.ptr, seed.cap);
    return key;
}

static enum kk_code canonical(const struct sigv4_request *request, const struct header_set *set, struct kk_sv path,
                              struct kk_sv query, const char *body_hash, struct kk_buf *out, struct kk_err *err)
{
    kk_buf_add(out, request->method);
    kk_buf_addc(out, '\n');
    if (request->is_s3)
        kk_buf_add(out, path);
    else
        add_encoded(out, path, true); /* every service but S3 signs the encoded path encoded once more */
    kk_buf_addc(out, '\n');
    kk_buf_add(out, query);
    kk_buf_addc(out, '\n');
    for (size_t i = 0; i < set->count; i++) {
        kk_buf_add(out, set->pair[i].name);
        kk_buf_addc(out, ':');
        add_folded(out, set->pair[i].value);
        kk_buf_addc(out, '\n');
    }
    kk_buf_addc(out, '\n');
    add_signed_names(set, out);
    kk_buf_addf(out, "\n%s", body_hash);
    return kk_buf_check(out, "a request to sign", err);
}

static void add_lines(const struct header_set *set, struct kk_buf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        if (kk_sv_eq(set->pair[i].name, KK_SV("host")))
            continue; /* whoever sends it names the host from the address */
        kk_buf_add(out, set->pair[i].name);
        kk_buf_add(out, KK_SV(": "));
        kk_buf_add(out, set->pair[i].value);
        kk_buf_addc(out, '\n');
    }
}

/* "2013-05-24T00:00:00.000Z" without its marks and milliseconds. */
static void stamp_of(int64_t wall_ms, char ret[STAMP_BYTES])
{
    char iso[KK_ISO_BYTES];
    size_t len = 0;

    kk_time_iso(wall_ms, iso);
    for (const char *c = iso; *c && *c != '.' && len + 2 < STAMP_BYTES; c++)
        if (*c != '-' && *c != ':')
            ret[len++] = *c;
    ret[len++] = 'Z';
    ret[len] = '\0';
}

enum kk_code sigv4_sign(const struct sigv4_request *request, const struct sigv4_key *key, int64_t wall_ms,
                        struct kk_buf *ret_target, struct kk_buf *ret_headers, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf path = KK_BUF(CANONICAL_MAX_BYTES), query = KK_BUF(CANONICAL_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(CANONICAL_MAX_BYTES), scope = KK_BUF(512);
    char stamp[STAMP_BYTES], body_hash[HEX_BYTES], request_hash[HEX_BYTES], signature[HEX_BYTES];
    struct kk_hash hash = kk_sha256(request->body);
    struct header_set set = {0};
    enum kk_code rc;

    stamp_of(wall_ms, stamp);
    hex(&hash, body_hash);
    add_encoded(&path, request->path, true);
    rc = add_query(request, &query, err);
    if (!rc)
        rc = collect_headers(request, key, stamp, body_hash, &set, err);
    if (!rc)
        rc = canonical(request, &set, kk_buf_sv(&path), kk_buf_sv(&query), body_hash, &text, err);
    if (rc)
        return rc;
    hash = kk_sha256(kk_buf_sv(&text));
    hex(&hash, request_hash);
    kk_buf_addf(&scope, "%.8s/" KK_SV_FMT "/" KK_SV_FMT "/aws4_request", stamp, KK_SV_ARG(request->region),
                KK_SV_ARG(request->service));
    kk_buf_clear(&text);
    kk_buf_addf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, kk_buf_cstr(&scope), request_hash);
    hash = signature_of(request, key->secret, (struct kk_sv){stamp, 8}, kk_buf_sv(&text));
    hex(&hash, signature);

    kk_buf_add(ret_target, kk_buf_sv(&path));
    if (query.len)
        kk_buf_addc(ret_target, '?');
    kk_buf_add(ret_target, kk_buf_sv(&query));
    add_lines(&set, ret_headers);
    kk_buf_addf(ret_headers, "authorization: AWS4-HMAC-SHA256 Credential=" KK_SV_FMT "/%s, SignedHeaders=",
                KK_SV_ARG(key->access_key), kk_buf_cstr(&scope));
    add_signed_names(&set, ret_headers);
    kk_buf_addf(ret_headers, ", Signature=%s\n", signature);
    rc = kk_buf_check(ret_target, "a request's target", err);
    return rc ? rc : kk_buf_check(ret_headers, "a request's headers", err);
}

/* A body waits in memory until sync(), which sends all of a batch in parallel and waits for them once. An object's key
 * is its body's hash, so the same body twice is one object, and "put if absent" makes the second a refusal that means
 * success. No lock and no list is needed, and any number of workers may write. */
#include "adapters/archive/archive_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/aws/aws.h"
#include "adapters/aws/aws_url.h"
#include "base/assert.h"
#include "ports/archive.h"

#define BATCH_MAX_BODIES 128
#define BATCH_MAX_BYTES (32 * 1024 * 1024) /* more is sent at once, before the sync that makes it count */
#define BODY_MAX_BYTES (16 * 1024 * 1024)  /* what one request may carry */
#define CALL_TIMEOUT_MS (20 * KK_SECOND_MS)
#define ANSWER_MAX_BYTES (1024 * 1024)
#define KEY_BYTES 512
#define HEX_DIGITS (2 * KK_HASH_BYTES)
#define PAGES_MAX 10 /* of 1,000 keys: a larger archive's size is told from these */
#define KNOWN_MAX 4096

struct kept {
    struct kk_hash key;
    size_t at, bytes;
};
struct archive_s3 {
    struct archive base;
    struct aws *aws; /* kept */
    struct aws_place place;
    char bucket[64], prefix[256], path_start[80]; /* path_start: "/bucket" where the host does not name it */
    char sse[16], kms_key[256];
    struct kk_buf bodies;
    struct kept kept[BATCH_MAX_BODIES];
    size_t kept_count;
    struct kk_err lost;              /* code not KK_OK: what was put since the last sync is not kept, and why */
    struct kk_hash known[KNOWN_MAX]; /* lately found there or written: a ring */
    size_t known_count;
};
static const struct archive_ops s3_ops;

static struct archive_s3 *self_of(struct archive *a)
{
    KK_ASSERT(a && a->ops == &s3_ops);
    return (struct archive_s3 *)a;
}

/* "<prefix>/<64 hex digits>" */
static void path_of(const struct archive_s3 *self, const struct kk_hash *key, char ret[KEY_BYTES])
{
    char text[KK_HASH_TEXT_BYTES];

    kk_hash_text(key, text);
    snprintf(ret, KEY_BYTES, "%s/%s%s%s", self->path_start, self->prefix, *self->prefix ? "/" : "",
             text + strlen("sha256:"));
}

static bool is_known(const struct archive_s3 *self, const struct kk_hash *key)
{
    size_t count = self->known_count < KNOWN_MAX ? self->known_count : KNOWN_MAX;

    for (size_t i = 0; i < count; i++)
        if (kk_hash_eq(&self->known[i], key))
            return true;
    return false;
}

/* ---- writing ---- */

static void forget_batch(struct archive_s3 *self)
{
    self->kept_count = 0;
    kk_buf_clear(&self->bodies);
}

static struct aws_request put_request(const struct archive_s3 *self, const struct kept *kept, const char *path,
                                      const struct sigv4_pair *headers, size_t header_count)
{
    return (struct aws_request){.place = &self->place,
                                .method = HTTP_PUT,
                                .path = kk_sv_of(path),
                                .headers = headers,
                                .header_count = header_count,
                                .body = {self->bodies.ptr + kept->at, kept->bytes},
                                .timeout_ms = CALL_TIMEOUT_MS,
                                .max_body_bytes = ANSWER_MAX_BYTES,
                                .what = "archive: write an object"};
}

static enum kk_code send_batch(struct archive_s3 *self, struct kk_err *err)
{
    struct sigv4_pair headers[4] = {{KK_SV("if-none-match"), KK_SV("*")},
                                    {KK_SV("content-type"), KK_SV("application/octet-stream")}};
    KK_CLEANUP(kk_free_cleanup) struct aws_request *requests = calloc(BATCH_MAX_BODIES, sizeof(*requests));
    KK_CLEANUP(kk_free_cleanup) struct aws_reply *replies = calloc(BATCH_MAX_BODIES, sizeof(*replies));
    KK_CLEANUP(kk_free_cleanup) char(*paths)[KEY_BYTES] = calloc(BATCH_MAX_BODIES, sizeof(*paths));
    size_t header_count = 2;
    enum kk_code rc = KK_OK;

    if (!requests || !replies || !paths)
        return kk_fail(err, KK_NO_MEMORY, "no memory to write to the bucket");
    if (*self->sse)
        headers[header_count++] = (struct sigv4_pair){KK_SV("x-amz-server-side-encryption"), kk_sv_of(self->sse)};
    if (*self->kms_key)
        headers[header_count++] =
            (struct sigv4_pair){KK_SV("x-amz-server-side-encryption-aws-kms-key-id"), kk_sv_of(self->kms_key)};
    for (size_t i = 0; i < self->kept_count; i++) {
        path_of(self, &self->kept[i].key, paths[i]);
        requests[i] = put_request(self, &self->kept[i], paths[i], headers, header_count);
    }
    aws_call(self->aws, requests, replies, self->kept_count);
    for (size_t i = 0; i < self->kept_count; i++) {
        if (!replies[i].code || replies[i].code == KK_CONFLICT) /* a conflict: it is there already */
            self->known[self->known_count++ % KNOWN_MAX] = self->kept[i].key;
        else if (!rc)
            rc = kk_fail(err, replies[i].code, "%s", replies[i].err.msg);
        aws_reply_done(&replies[i]);
    }
    return rc;
}

static enum kk_code flush(struct archive_s3 *self, struct kk_err *err)
{
    enum kk_code rc = self->kept_count ? send_batch(self, err) : KK_OK;

    forget_batch(self);
    return rc;
}

static bool is_kept(const struct archive_s3 *self, const struct kk_hash *key)
{
    for (size_t i = 0; i < self->kept_count; i++)
        if (kk_hash_eq(&self->kept[i].key, key))
            return true;
    return false;
}

static enum kk_code s3_put(struct archive *a, struct kk_sv body, struct kk_hash *ret_key, struct kk_err *err)
{
    struct archive_s3 *self = self_of(a);
    struct kk_hash key = kk_sha256(body);

    if (self->lost.code)
        return kk_fail(err, self->lost.code, "%s", self->lost.msg);
    if (body.len > BODY_MAX_BYTES)
        return kk_fail(err, KK_BAD_INPUT, "archive: a body of %zu bytes is too large", body.len);
    if (!is_known(self, &key) && !is_kept(self, &key)) {
        if (self->kept_count == BATCH_MAX_BODIES || self->bodies.len + body.len > BATCH_MAX_BYTES)
            self->lost.code = flush(self, &self->lost);
        if (self->lost.code)
            return kk_fail(err, self->lost.code, "%s", self->lost.msg);
        self->kept[self->kept_count] = (struct kept){.key = key, .at = self->bodies.len, .bytes = body.len};
        kk_buf_add(&self->bodies, body);
        if (self->bodies.failed) {
            self->lost.code = kk_buf_check(&self->bodies, "the bodies in hand", &self->lost);
            forget_batch(self);
            return kk_fail(err, self->lost.code, "%s", self->lost.msg);
        }
        self->kept_count++;
    }
    *ret_key = key;
    return KK_OK;
}

static enum kk_code s3_sync(struct archive *a, struct kk_err *err)
{
    struct archive_s3 *self = self_of(a);
    enum kk_code rc = self->lost.code;

    if (rc)
        kk_fail(err, rc, "%s", self->lost.msg);
    else
        rc = flush(self, err);
    self->lost = (struct kk_err){0};
    return rc;
}

/* ---- reading ---- */

static enum kk_code s3_get(struct archive *a, const struct kk_hash *key, struct kk_buf *ret_body, struct kk_err *err)
{
    struct archive_s3 *self = self_of(a);
    struct aws_reply reply;
    struct kk_hash found;
    char path[KEY_BYTES];
    enum kk_code rc;

    path_of(self, key, path);

    const struct aws_request request = {.place = &self->place,
                                        .method = HTTP_GET,
                                        .path = kk_sv_of(path),
                                        .timeout_ms = CALL_TIMEOUT_MS,
                                        .max_body_bytes = BODY_MAX_BYTES,
                                        .what = "archive: read an object"};

    rc = aws_call_one(self->aws, &request, &reply, err);
    if (!rc) {
        found = kk_sha256(kk_buf_sv(&reply.body));
        if (!kk_hash_eq(&found, key))
            rc = kk_fail(err, KK_CORRUPT, "archive: the object %.200s is damaged", path);
    }
    if (!rc) {
        kk_buf_add(ret_body, kk_buf_sv(&reply.body));
        rc = kk_buf_check(ret_body, "the body", err);
    }
    aws_reply_done(&reply);
    return rc;
}

struct census {
    int64_t count, bytes;
    char token[1200], last[HEX_DIGITS + 1];
    bool is_cut;
};

static void count_page(struct kk_sv page, struct census *census)
{
    struct kk_sv rest = page, more = page, size, key;
    int64_t bytes = 0;

    while ((key = aws_xml_next(&rest, "Key")).ptr) {
        if (key.len >= HEX_DIGITS)
            kk_sv_copy((struct kk_sv){key.ptr + key.len - HEX_DIGITS, HEX_DIGITS}, census->last, sizeof(census->last));
        size = aws_xml_next(&rest, "Size");
        if (kk_sv_i64(size, &bytes))
            census->bytes += bytes;
        census->count++;
    }
    kk_sv_copy(aws_xml_next(&more, "NextContinuationToken"), census->token, sizeof(census->token));
    census->is_cut = census->token[0] != '\0';
}

static enum kk_code list_page(struct archive_s3 *self, struct census *census, struct kk_err *err)
{
    char prefix[264], path[84];
    struct sigv4_pair query[] = {{KK_SV("list-type"), KK_SV("2")},
                                 {KK_SV("prefix"), {0}},
                                 {KK_SV("continuation-token"), kk_sv_of(census->token)}};
    struct aws_reply reply;
    enum kk_code rc;

    snprintf(prefix, sizeof(prefix), "%s%s", self->prefix, *self->prefix ? "/" : "");
    snprintf(path, sizeof(path), "%s/", self->path_start);
    query[1].value = kk_sv_of(prefix);

    const struct aws_request request = {.place = &self->place,
                                        .method = HTTP_GET,
                                        .path = kk_sv_of(path),
                                        .query = query,
                                        .query_count = census->token[0] ? 3 : 2,
                                        .timeout_ms = CALL_TIMEOUT_MS,
                                        .max_body_bytes = ANSWER_MAX_BYTES,
                                        .what = "archive: list the bucket"};

    rc = aws_call_one(self->aws, &request, &reply, err);
    if (!rc)
        count_page(kk_buf_sv(&reply.body), census);
    aws_reply_done(&reply);
    return rc;
}

/* Keys are hashes, so they are spread evenly: how far the last one stands tells how many more there are. */
static void estimate(struct census *census)
{
    char start[9] = "";
    unsigned long at;

    memcpy(start, census->last, 8);
    at = strtoul(start, NULL, 16);
    if (!at)
        return;
    double share = ((double)at + 1) / 4294967296.0;

    census->count = (int64_t)((double)census->count / share);
    census->bytes = (int64_t)((double)census->bytes / share);
}

static enum kk_code s3_size(struct archive *a, int64_t *ret_count, int64_t *ret_bytes, struct kk_err *err)
{
    struct census census = {0};
    enum kk_code rc = KK_OK;

    census.is_cut = true;
    for (int page = 0; !rc && census.is_cut && page < PAGES_MAX; page++)
        rc = list_page(self_of(a), &census, err);
    if (rc)
        return rc;
    if (census.is_cut)
        estimate(&census);
    *ret_count = census.count;
    *ret_bytes = census.bytes;
    return KK_OK;
}

static void s3_close(struct archive *a)
{
    struct archive_s3 *self = self_of(a);

    kk_buf_done(&self->bodies);
    free(self);
}

static const struct archive_ops s3_ops = {
    .name = "s3",
    .put = s3_put,
    .sync = s3_sync,
    .get = s3_get,
    .size = s3_size,
    .close = s3_close,
};

/* ---- opening ---- */

/* AWS names the bucket in the host; another server, and a name with dots (no certificate fits it), in the path. */
static enum kk_code set_bucket(struct archive_s3 *self, struct kk_sv bucket, bool is_own_server, struct kk_err *err)
{
    char base[sizeof(self->place.base)];

    if (!kk_sv_copy(bucket, self->bucket, sizeof(self->bucket)) || strlen(self->bucket) < 3)
        return kk_fail(err, KK_BAD_INPUT, "it names no bucket, as in s3://my-bucket/raw");
    for (const char *c = self->bucket; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", *c))
            return kk_fail(err, KK_BAD_INPUT, "a bucket's name has small letters, digits, '-' and '.' alone");
    if (is_own_server || strchr(self->bucket, '.')) {
        snprintf(self->path_start, sizeof(self->path_start), "/%s", self->bucket);
        return KK_OK;
    }
    snprintf(base, sizeof(base), "https://%s.%.180s", self->bucket, self->place.base + strlen("https://"));
    memcpy(self->place.base, base, sizeof(base));
    return KK_OK;
}

static enum kk_code set_options(struct archive_s3 *self, const struct aws_url *url, struct kk_err *err)
{
    struct kk_sv prefix = url->path, sse = aws_url_get(url, "sse"), kms_key = aws_url_get(url, "kms_key");

    while (prefix.len && prefix.ptr[prefix.len - 1] == '/')
        prefix.len--;
    if (!kk_sv_copy(prefix, self->prefix, sizeof(self->prefix)))
        return kk_fail(err, KK_BAD_INPUT, "the prefix is too long");
    if (sse.len && !kk_sv_eq(sse, KK_SV("AES256")) && !kk_sv_eq(sse, KK_SV("aws:kms")))
        return kk_fail(err, KK_BAD_INPUT, "sse= is AES256 or aws:kms");
    if (!kk_sv_copy(sse, self->sse, sizeof(self->sse)) || !kk_sv_copy(kms_key, self->kms_key, sizeof(self->kms_key)))
        return kk_fail(err, KK_BAD_INPUT, "kms_key= is too long");
    return KK_OK;
}

enum kk_code archive_s3_open(struct aws *aws, struct kk_sv url, struct archive **ret_archive, struct kk_err *err)
{
    static const char *const known[] = {"region", "endpoint", "sse", "kms_key", NULL};
    struct archive_s3 *self = calloc(1, sizeof(*self));
    struct aws_url parts;
    enum kk_code rc;

    if (!self)
        return kk_fail(err, KK_NO_MEMORY, "no memory for the archive");
    self->base.ops = &s3_ops;
    self->aws = aws;
    self->bodies = KK_BUF(BATCH_MAX_BYTES);
    rc = aws_url_parse(url, known, &parts, err);
    if (!rc)
        rc = aws_place_set(&self->place, "s3", aws_url_get(&parts, "region"), aws_url_get(&parts, "endpoint"), err);
    if (!rc)
        rc = set_bucket(self, parts.host, aws_url_get(&parts, "endpoint").len > 0, err);
    if (!rc)
        rc = set_options(self, &parts, err);
    if (rc) {
        s3_close(&self->base);
        return rc;
    }
    *ret_archive = &self->base;
    return KK_OK;
}

enum kk_code archive_s3_create(struct archive *archive, struct kk_err *err)
{
    struct archive_s3 *self = self_of(archive);
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(512);
    struct aws_reply reply;
    char path[84];
    enum kk_code rc;

    snprintf(path, sizeof(path), "%s/", self->path_start);
    if (strcmp(self->place.region, "us-east-1") != 0) /* the one region that must not be named */
        kk_buf_addf(&body,
                    "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                    "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
                    self->place.region);

    const struct aws_request request = {.place = &self->place,
                                        .method = HTTP_PUT,
                                        .path = kk_sv_of(path),
                                        .body = kk_buf_sv(&body),
                                        .timeout_ms = CALL_TIMEOUT_MS,
                                        .max_body_bytes = ANSWER_MAX_BYTES,
                                        .what = "make the bucket"};

    rc = aws_call_one(self->aws, &request, &reply, err);
    if (rc && strcmp(reply.aws_code, "BucketAlreadyOwnedByYou") == 0)
        rc = KK_OK;
    aws_reply_done(&reply);
    return rc;
}

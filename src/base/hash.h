/* base/hash.h: SHA-256, the name of every body and snapshot. The library (OpenSSL's libcrypto) stays behind this. */
#ifndef KK_BASE_HASH_H
#define KK_BASE_HASH_H

#include <stdbool.h>

#include "base/bytes.h"

#define KK_HASH_BYTES 32
#define KK_HASH_TEXT_BYTES 72 /* "sha256:" + 64 hex digits + NUL */

struct kk_hash {
    unsigned char byte[KK_HASH_BYTES];
};

/* Cannot fail: it takes no memory. */
struct kk_hash kk_sha256(struct kk_sv bytes);
bool kk_hash_eq(const struct kk_hash *a, const struct kk_hash *b);
bool kk_hash_is_zero(const struct kk_hash *hash);
/* "sha256:<hex>" and back. */
void kk_hash_text(const struct kk_hash *hash, char ret_text[KK_HASH_TEXT_BYTES]);
bool kk_hash_parse(struct kk_sv text, struct kk_hash *ret);
/* Keyed, for signatures: HMAC-SHA-256. */
struct kk_hash kk_hmac_sha256(struct kk_sv key, struct kk_sv bytes);
void kk_base64(struct kk_sv bytes, struct kk_buf *out); /* standard alphabet, padded */
bool kk_base64_decode(struct kk_sv text, struct kk_buf *out);

#endif

/* adapters/crypto/seal.h: secrets at rest: AES-256-GCM (NIST SP 800-38D) by OpenSSL's libcrypto.
 *
 * A sealed secret is a byte that names the form, 12 bytes of nonce, the text enciphered, 16 bytes of tag. The nonce is
 * drawn anew for each secret: with 96 random bits, 2^32 secrets under one key may be sealed before two nonces are
 * likelier than one in 2^32 to be the same (SP 800-38D, 8.3); a pool of 1,000 agents that renew hourly needs 490 years
 * for that. */
#ifndef KK_ADAPTERS_CRYPTO_SEAL_H
#define KK_ADAPTERS_CRYPTO_SEAL_H

#include "base/bytes.h"
#include "base/rng.h"

#define SEAL_KEY_BYTES 32
#define SEAL_EXTRA_BYTES (1 + 12 + 16)

struct seal {
    unsigned char key[SEAL_KEY_BYTES]; /* seal_done() wipes it */
    const struct kk_rng *rng;          /* kept; fit for secrets */
};
void seal_done(struct seal *seal); /* NULL is fine */

/* 64 hex digits, or base64 of 32 bytes; white space around them is no part of it. KK_BAD_INPUT, without a word of it.
 */
enum kk_code seal_read_key(struct kk_sv text, struct seal *ret, struct kk_err *err);
/* The key in a file; where there is none, a new one is made: mode 0600, whole or not at all, the first of several
 * makers wins. KK_DENIED: others may read it, or we may not; KK_BAD_INPUT: it holds no key; KK_FULL. */
enum kk_code seal_read_key_file(const char *path, bool may_make, struct seal *ret, struct kk_err *err);

/* Appends the sealed form. what is said with it (whose secret it is) must be said again to open it. KK_NO_MEMORY. */
enum kk_code seal_close(const struct seal *seal, struct kk_sv what, struct kk_sv plain, struct kk_buf *out,
                        struct kk_err *err);
/* Appends the text. KK_DENIED: another key, another owner, or not as it was sealed; nothing is appended then. */
enum kk_code seal_open(const struct seal *seal, struct kk_sv what, struct kk_sv sealed, struct kk_buf *out,
                       struct kk_err *err);

#endif

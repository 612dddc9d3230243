#include "base/hash.h"

#include <string.h>

/* libcrypto's newer interface takes memory for each hash, and a hash must not fail: a body's name and a snapshot's
 * identity hang on it. The older one, deprecated but there to stay, works on our stack. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#define HMAC_BLOCK_BYTES 64

static struct kk_hash hash_two(struct kk_sv first, struct kk_sv second)
{
    struct kk_hash hash;
    SHA256_CTX sha;

    SHA256_Init(&sha);
    if (first.len)
        SHA256_Update(&sha, first.ptr, first.len);
    if (second.len)
        SHA256_Update(&sha, second.ptr, second.len);
    SHA256_Final(hash.byte, &sha);
    return hash;
}

struct kk_hash kk_sha256(struct kk_sv bytes)
{
    return hash_two(bytes, (struct kk_sv){0});
}

/* RFC 2104. */
struct kk_hash kk_hmac_sha256(struct kk_sv key, struct kk_sv bytes)
{
    char inner_key[HMAC_BLOCK_BYTES] = {0}, outer_key[HMAC_BLOCK_BYTES];
    struct kk_hash inner;

    if (key.len > sizeof(inner_key)) {
        struct kk_hash short_key = kk_sha256(key);

        memcpy(inner_key, short_key.byte, KK_HASH_BYTES);
    } else if (key.len) {
        memcpy(inner_key, key.ptr, key.len);
    }
    for (size_t i = 0; i < sizeof(inner_key); i++) {
        outer_key[i] = (char)(inner_key[i] ^ 0x5c);
        inner_key[i] = (char)(inner_key[i] ^ 0x36);
    }
    inner = hash_two((struct kk_sv){inner_key, sizeof(inner_key)}, bytes);
    return hash_two((struct kk_sv){outer_key, sizeof(outer_key)},
                    (struct kk_sv){(const char *)inner.byte, KK_HASH_BYTES});
}

bool kk_hash_eq(const struct kk_hash *a, const struct kk_hash *b)
{
    return memcmp(a->byte, b->byte, KK_HASH_BYTES) == 0;
}

bool kk_hash_is_zero(const struct kk_hash *hash)
{
    static const struct kk_hash zero;

    return kk_hash_eq(hash, &zero);
}

#define PREFIX "sha256:"

void kk_hash_text(const struct kk_hash *hash, char ret_text[KK_HASH_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    char *out = ret_text;

    memcpy(out, PREFIX, sizeof(PREFIX) - 1);
    out += sizeof(PREFIX) - 1;
    for (size_t i = 0; i < KK_HASH_BYTES; i++) {
        *out++ = hex[hash->byte[i] >> 4];
        *out++ = hex[hash->byte[i] & 15];
    }
    *out = '\0';
}

/* Lower case only: one hash has one spelling. */
static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool kk_hash_parse(struct kk_sv text, struct kk_hash *ret)
{
    struct kk_hash hash;

    if (!kk_sv_starts(text, KK_SV(PREFIX)) || text.len != sizeof(PREFIX) - 1 + 2 * KK_HASH_BYTES)
        return false;

    const char *digit = text.ptr + sizeof(PREFIX) - 1;

    for (size_t i = 0; i < KK_HASH_BYTES; i++, digit += 2) {
        int high = hex_value(digit[0]), low = hex_value(digit[1]);

        if (high < 0 || low < 0)
            return false;
        hash.byte[i] = (unsigned char)(high * 16 + low);
    }
    *ret = hash;
    return true;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kk_base64(struct kk_sv bytes, struct kk_buf *out)
{
    size_t text_len = (bytes.len + 2) / 3 * 4;
    char *text = kk_buf_room(out, text_len);

    if (!text)
        return;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        unsigned group = (unsigned)(unsigned char)bytes.ptr[i] << 16;

        if (left > 1)
            group |= (unsigned)(unsigned char)bytes.ptr[i + 1] << 8;
        if (left > 2)
            group |= (unsigned char)bytes.ptr[i + 2];
        *text++ = alphabet[group >> 18];
        *text++ = alphabet[group >> 12 & 63];
        *text++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *text++ = left > 2 ? alphabet[group & 63] : '=';
    }
    out->len += text_len;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Strict, so that one value has one text: whole groups, padding only at the end, no bits left over in the last one. */
bool kk_base64_decode(struct kk_sv text, struct kk_buf *out)
{
    size_t pad = 0;

    if (text.len % 4 != 0)
        return false;
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;

    size_t start = out->len;

    for (size_t i = 0; i < text.len; i += 4) {
        size_t digits = i + 4 < text.len ? 4 : 4 - pad;
        unsigned group = 0;

        for (size_t k = 0; k < 4; k++) {
            int value = k < digits ? base64_value(text.ptr[i + k]) : 0;

            if (value < 0)
                goto bad;
            group = group << 6 | (unsigned)value;
        }
        if ((digits == 2 && (group & 0xFFFF)) || (digits == 3 && (group & 0xFF)))
            goto bad;

        char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};

        kk_buf_add(out, (struct kk_sv){bytes, digits - 1});
    }
    return !out->failed;
bad:
    out->len = start;
    return false;
}

#include "adapters/crypto/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <openssl/evp.h>

#include "adapters/disk/folder.h"
#include "base/hash.h"

#define FORM 1 /* the first byte: AES-256-GCM as in the header */
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define KEY_TEXT_MAX_BYTES 256

void seal_done(struct seal *seal)
{
    if (seal)
        explicit_bzero(seal, sizeof(*seal));
}

/* ---- keys ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool read_hex(struct kk_sv text, unsigned char key[SEAL_KEY_BYTES])
{
    if (text.len != (size_t)2 * SEAL_KEY_BYTES)
        return false;
    for (size_t i = 0; i < SEAL_KEY_BYTES; i++) {
        int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        key[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

enum kk_code seal_read_key(struct kk_sv text, struct seal *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf bytes = KK_BUF(KEY_TEXT_MAX_BYTES);
    unsigned char key[SEAL_KEY_BYTES] = {0};
    bool is_key;

    while (text.len && strchr(" \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    text = kk_sv_trim(text);
    is_key = read_hex(text, key);
    if (!is_key && text.len < KEY_TEXT_MAX_BYTES && kk_base64_decode(text, &bytes) && bytes.len == SEAL_KEY_BYTES) {
        memcpy(key, bytes.ptr, sizeof(key));
        is_key = true;
    }
    if (bytes.ptr)
        explicit_bzero(bytes.ptr, bytes.cap);
    if (is_key)
        memcpy(ret->key, key, sizeof(key));
    explicit_bzero(key, sizeof(key));
    return is_key ? KK_OK
                  : kk_fail(err, KK_BAD_INPUT,
                            "that is no key for the agents' tokens: 64 hex digits or base64 of 32 bytes are one, as "
                            "`openssl rand -hex 32` prints them");
}

static enum kk_code fail_file(const char *what, const char *path, struct kk_err *err)
{
    int error = errno;
    enum kk_code code = error == ENOENT ? KK_NOT_FOUND : folder_code(error);

    return kk_fail(err, code, "the key file %.150s cannot be %s: %s", path, what, strerror(error));
}

/* Written apart and linked into place: nobody ever finds half a key, and a second maker finds the first one's. */
static enum kk_code make_key_file(const char *path, const struct kk_rng *rng, struct kk_err *err)
{
    char text[2 * SEAL_KEY_BYTES + 2], beside[PATH_MAX];
    size_t len = 0;
    bool is_whole;
    int fd;

    if (snprintf(beside, sizeof(beside), "%s.%d.new", path, (int)getpid()) >= (int)sizeof(beside))
        return kk_fail(err, KK_BAD_INPUT, "the key file's path is too long");
    for (int i = 0; i < SEAL_KEY_BYTES / 8; i++, len += 16)
        snprintf(text + len, sizeof(text) - len, "%016llx", (unsigned long long)kk_rng_next(rng));
    text[len++] = '\n';
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_file("made", path, err);
    is_whole = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    explicit_bzero(text, sizeof(text));
    if ((close(fd) != 0 || !is_whole || link(beside, path) != 0) && errno != EEXIST) {
        enum kk_code rc = fail_file("written", path, err);

        unlink(beside);
        return rc;
    }
    unlink(beside);
    return KK_OK;
}

static enum kk_code read_open_file(int fd, const char *path, struct seal *ret, struct kk_err *err)
{
    char text[KEY_TEXT_MAX_BYTES];
    struct stat info;
    ssize_t len;
    enum kk_code rc;

    if (fstat(fd, &info))
        return fail_file("read", path, err);
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return kk_fail(err, KK_DENIED,
                       "others may read the key file %.150s: `chmod 600` it, and make a new key where they did", path);
    len = read(fd, text, sizeof(text));
    if (len < 0)
        return fail_file("read", path, err);
    rc = seal_read_key((struct kk_sv){text, (size_t)len}, ret, err);
    explicit_bzero(text, sizeof(text));
    return rc ? kk_while(err, rc, "%.150s", path) : KK_OK;
}

enum kk_code seal_read_key_file(const char *path, bool may_make, struct seal *ret, struct kk_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum kk_code rc;

    if (fd < 0 && errno == ENOENT && may_make) {
        rc = make_key_file(path, ret->rng, err);
        if (rc)
            return rc;
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        return fail_file("read", path, err);
    rc = read_open_file(fd, path, ret, err);
    close(fd);
    return rc;
}

/* ---- secrets ---- */

static void cipher_cleanup(EVP_CIPHER_CTX **cipher)
{
    EVP_CIPHER_CTX_free(*cipher);
}

enum kk_code seal_close(const struct seal *seal, struct kk_sv what, struct kk_sv plain, struct kk_buf *out,
                        struct kk_err *err)
{
    KK_CLEANUP(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    unsigned char *to = (unsigned char *)kk_buf_room(out, plain.len + SEAL_EXTRA_BYTES);
    unsigned char *nonce, *text;
    uint64_t chance[2] = {kk_rng_next(seal->rng), kk_rng_next(seal->rng)};
    int len = 0, rest = 0;

    if (!to || !cipher)
        return kk_fail(err, KK_NO_MEMORY, "no memory to seal a secret");
    nonce = to + 1;
    text = nonce + NONCE_BYTES;
    to[0] = FORM;
    memcpy(nonce, chance, NONCE_BYTES);
    if (EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, seal->key, nonce) != 1 ||
        EVP_EncryptUpdate(cipher, NULL, &len, (const unsigned char *)what.ptr, (int)what.len) != 1 ||
        EVP_EncryptUpdate(cipher, text, &len, (const unsigned char *)plain.ptr, (int)plain.len) != 1 ||
        EVP_EncryptFinal_ex(cipher, text + len, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + plain.len) != 1)
        return kk_fail(err, KK_NO_MEMORY, "a secret could not be sealed");
    out->len += plain.len + SEAL_EXTRA_BYTES;
    return KK_OK;
}

enum kk_code seal_open(const struct seal *seal, struct kk_sv what, struct kk_sv sealed, struct kk_buf *out,
                       struct kk_err *err)
{
    KK_CLEANUP(cipher_cleanup) EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    const unsigned char *from = (const unsigned char *)sealed.ptr;
    unsigned char tag[TAG_BYTES], *to;
    size_t text_len;
    int len = 0, rest = 0;

    if (sealed.len < SEAL_EXTRA_BYTES || from[0] != FORM)
        return kk_fail(err, KK_DENIED, "a sealed secret has not the known form");
    text_len = sealed.len - SEAL_EXTRA_BYTES;
    to = (unsigned char *)kk_buf_room(out, text_len + 1);
    if (!to || !cipher)
        return kk_fail(err, KK_NO_MEMORY, "no memory to open a sealed secret");
    memcpy(tag, from + sealed.len - TAG_BYTES, TAG_BYTES);
    if (EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, seal->key, from + 1) != 1 ||
        EVP_DecryptUpdate(cipher, NULL, &len, (const unsigned char *)what.ptr, (int)what.len) != 1 ||
        EVP_DecryptUpdate(cipher, to, &len, from + 1 + NONCE_BYTES, (int)text_len) != 1 ||
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) != 1 ||
        EVP_DecryptFinal_ex(cipher, to + len, &rest) != 1) {
        explicit_bzero(to, text_len);
        return kk_fail(err, KK_DENIED, "a sealed secret does not open with this key");
    }
    out->len += text_len;
    return KK_OK;
}

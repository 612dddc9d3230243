#include "support/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/check.h"

static void read_pem(BIO *from, char ret_pem[TEST_PEM_BYTES])
{
    int len = BIO_read(from, ret_pem, TEST_PEM_BYTES - 1);

    CHECK(len > 0);
    ret_pem[len] = '\0';
    BIO_free(from);
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension);
    CHECK(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

void test_certificate_make(const char *san, struct test_certificate *ret)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *key_out = BIO_new(BIO_s_mem()), *certificate_out = BIO_new(BIO_s_mem());
    X509_NAME *name;

    CHECK(key && certificate && key_out && certificate_out);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
    name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"nobody", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    add_extension(certificate, NID_subject_alt_name, san);
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    CHECK(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL));
    CHECK(PEM_write_bio_X509(certificate_out, certificate));
    read_pem(key_out, ret->key_pem);
    read_pem(certificate_out, ret->pem);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

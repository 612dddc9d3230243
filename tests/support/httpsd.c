#include "support/httpsd.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <microhttpd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/check.h"

#define PEM_BYTES 4096

struct httpsd {
    struct MHD_Daemon *daemon;
    char key[PEM_BYTES], certificate[PEM_BYTES];
    char ca_file[HTTPSD_PATH_BYTES];
    atomic_int call_count;
};

static void read_pem(BIO *from, char ret_pem[PEM_BYTES])
{
    int len = BIO_read(from, ret_pem, PEM_BYTES - 1);

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

static void make_certificate(struct httpsd *httpsd, const char *san)
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
    read_pem(key_out, httpsd->key);
    read_pem(certificate_out, httpsd->certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void write_ca_file(struct httpsd *httpsd)
{
    snprintf(httpsd->ca_file, sizeof(httpsd->ca_file), "/tmp/kk-ca-XXXXXX");

    int fd = mkstemp(httpsd->ca_file);
    size_t len = strlen(httpsd->certificate);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, httpsd->certificate, len), (ssize_t)len);
    close(fd);
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_len, void **call)
{
    static char body[] = "secret";
    struct httpsd *httpsd = ctx;
    struct MHD_Response *response;
    enum MHD_Result rc;

    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_len;
    if (!*call) { /* answering on the first call would close the connection */
        *call = ctx;
        return MHD_YES;
    }
    atomic_fetch_add(&httpsd->call_count, 1);
    response = MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);
    rc = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return rc;
}

struct httpsd *httpsd_start(const char *san)
{
    struct httpsd *httpsd = calloc(1, sizeof(*httpsd));

    CHECK(httpsd);
    make_certificate(httpsd, san);
    write_ca_file(httpsd);
    httpsd->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, answer, httpsd,
                                      MHD_OPTION_HTTPS_MEM_KEY, httpsd->key, MHD_OPTION_HTTPS_MEM_CERT,
                                      httpsd->certificate, MHD_OPTION_END);
    CHECK(httpsd->daemon);
    return httpsd;
}

void httpsd_stop(struct httpsd *httpsd)
{
    if (!httpsd)
        return;
    MHD_stop_daemon(httpsd->daemon);
    unlink(httpsd->ca_file);
    free(httpsd);
}

int httpsd_port(const struct httpsd *httpsd)
{
    return MHD_get_daemon_info(httpsd->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

const char *httpsd_ca_file(const struct httpsd *httpsd)
{
    return httpsd->ca_file;
}

int httpsd_call_count(const struct httpsd *httpsd)
{
    return atomic_load(&httpsd->call_count);
}

#include "support/httpsd.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <microhttpd.h>

#include "support/certificate.h"
#include "support/check.h"

struct httpsd {
    struct MHD_Daemon *daemon;
    struct test_certificate certificate;
    char ca_file[HTTPSD_PATH_BYTES];
    atomic_int call_count;
};

static void write_ca_file(struct httpsd *httpsd)
{
    snprintf(httpsd->ca_file, sizeof(httpsd->ca_file), "/tmp/kk-ca-XXXXXX");

    int fd = mkstemp(httpsd->ca_file);
    size_t len = strlen(httpsd->certificate.pem);

    CHECK(fd >= 0);
    CHECK_EQ(write(fd, httpsd->certificate.pem, len), (ssize_t)len);
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
    test_certificate_make(san, &httpsd->certificate);
    write_ca_file(httpsd);
    httpsd->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, answer, httpsd,
                                      MHD_OPTION_HTTPS_MEM_KEY, httpsd->certificate.key_pem, MHD_OPTION_HTTPS_MEM_CERT,
                                      httpsd->certificate.pem, MHD_OPTION_END);
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

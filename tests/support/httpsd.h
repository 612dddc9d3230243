/* support/httpsd.h: an HTTPS server on loopback with a fresh certificate that nobody trusts; it answers "secret" to
 * everything. Programs that use it link libmicrohttpd. */
#ifndef KK_TESTS_HTTPSD_H
#define KK_TESTS_HTTPSD_H

#define HTTPSD_PATH_BYTES 64

struct httpsd;

/* san: whom the certificate names, such as "IP:127.0.0.1". Fails the test when it does not start. */
struct httpsd *httpsd_start(const char *san);
void httpsd_stop(struct httpsd *httpsd); /* NULL is fine; also removes the file */
int httpsd_port(const struct httpsd *httpsd);
/* A file with its certificate, for a client that is to trust it. */
const char *httpsd_ca_file(const struct httpsd *httpsd);
int httpsd_call_count(const struct httpsd *httpsd);

#endif

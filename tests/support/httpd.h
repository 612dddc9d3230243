/* support/httpd.h: a small HTTP server on loopback whose answers a test writes byte by byte: it can stall, cut, garble
 * and redirect. A thread for each connection; the answering function is called in it, one call at a time in each. */
#ifndef KK_TESTS_HTTPD_H
#define KK_TESTS_HTTPD_H

#include "base/bytes.h"

#define HTTPD_URL_BYTES 256

struct httpd;
struct httpd_conn;

struct httpd_call {            /* borrowed for the answer */
    struct kk_sv method, path; /* the path with its query */
    struct kk_sv headers;      /* as they came, lines ended by "\r\n" */
    struct kk_sv body;
    int nth_on_connection; /* 1: the first */
};

/* answer sends what it likes and returns whether the connection stays open. Fails the test when there is no port. */
struct httpd *httpd_start(bool (*answer)(void *ctx, struct httpd_conn *conn, const struct httpd_call *call), void *ctx);
/* Ends every connection, waits for their threads. NULL is fine. */
void httpd_stop(struct httpd *httpd);

int httpd_port(const struct httpd *httpd);
/* "http://127.0.0.1:PORT" + path */
void httpd_url(const struct httpd *httpd, const char *path, char ret_url[HTTPD_URL_BYTES]);
int httpd_call_count(struct httpd *httpd);
int httpd_conn_count(struct httpd *httpd); /* ever opened */

/* For the answering function. False: the client is gone. */
bool httpd_send(struct httpd_conn *conn, struct kk_sv bytes);
/* A whole answer with Content-Length; headers are whole lines with "\r\n", or "". */
bool httpd_reply(struct httpd_conn *conn, int status, const char *headers, struct kk_sv body);
/* Waits until the client is gone or the server stops. */
void httpd_stall(struct httpd_conn *conn);

/* A port of loopback on which nobody listens. */
int httpd_free_port(void);

#endif

/* sandbox/server.h: the sandbox over HTTP. The only part of it with sockets, threads and a clock: one thread of
 * libmicrohttpd does all the answering, a second one wakes answers that were told to be late. */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "base/bytes.h"
#include "sandbox/sandbox.h"

#define SERVER_URL_BYTES 64

/* "127.0.0.1:0": an IPv4 address and a port; 0 takes a free one. Takes nothing of conf. Blocks no signal. Gives
 * *ret_server (sandbox_server_close). KK_BAD_INPUT; KK_BUSY: the port is taken; KK_DENIED; KK_UNAVAILABLE. */
struct sandbox_server;
enum kk_code sandbox_server_open(const struct sandbox_conf *conf, const char *listen,
                                 struct sandbox_server **ret_server, struct kk_err *err);
const char *sandbox_server_url(const struct sandbox_server *server); /* "http://127.0.0.1:40123" */
void sandbox_server_close(struct sandbox_server *server);            /* NULL is fine; late answers are dropped */

#endif

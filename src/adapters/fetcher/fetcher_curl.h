/* adapters/fetcher/fetcher_curl.h: the fetcher over libcurl (ports/fetcher.h). */
#ifndef KK_ADAPTERS_FETCHER_CURL_H
#define KK_ADAPTERS_FETCHER_CURL_H

#include "base/err.h"

struct fetcher;
struct http;

/* Keeps http, whose turns tell what came. Gives *ret_fetcher (fetcher_close, before http_close). KK_NO_MEMORY. */
enum kk_code fetcher_curl_open(struct http *http, struct fetcher **ret_fetcher, struct kk_err *err);

#endif

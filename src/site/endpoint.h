/* site/endpoint.h: the three addresses, and which request a task means (K5, K6). */
#ifndef KK_SITE_ENDPOINT_H
#define KK_SITE_ENDPOINT_H

#include "base/bytes.h"
#include "core/task.h"

#define SITE_URL_MAX_BYTES 2048

struct site {
    struct kk_sv base_url;  /* "https://m.web.mustit.co.kr", without a slash at its end */
    struct kk_sv list_path; /* site.list_path */
    int64_t page_size;      /* site.page_size */
};
/* The task's endpoint (K5): the path, for detail and options with the item number in it. */
enum kk_code endpoint_path(const struct site *site, enum task_kind kind, int64_t item_no, char *ret, size_t ret_bytes,
                           struct kk_err *err);
/* The whole address for a task. page_size is what the run uses (0: site->page_size). Everything is encoded once. */
void endpoint_url(const struct site *site, const struct task *task, int64_t page_size, struct kk_buf *out);
/* Resolves a Location against the address it came from. KK_DENIED: it leaves the site's scheme, host or port. */
enum kk_code endpoint_redirect(const struct site *site, struct kk_sv from_url, struct kk_sv location,
                               struct kk_buf *ret_url, struct kk_err *err);

#endif

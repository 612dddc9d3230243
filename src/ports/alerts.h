/* ports/alerts.h: alerts in the store. A part of the store's port (ports/store.h): the same handle and codes. */
#ifndef KK_PORTS_ALERTS_H
#define KK_PORTS_ALERTS_H

#include "core/alert.h"

struct store;

/* Every alert, in the rules' order; one that has no row is zeroed but for its key. */
enum kk_code store_get_alerts(struct store *store, struct alert ret[ALERT_COUNT], struct kk_err *err);
enum kk_code store_put_alert(struct store *store, const struct alert *alert, struct kk_err *err);

#endif

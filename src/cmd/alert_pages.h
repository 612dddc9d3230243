/* cmd/alert_pages.h: the table of alerts (core/alert.h) as a page for people and as rules for Prometheus. */
#ifndef KK_CMD_ALERT_PAGES_H
#define KK_CMD_ALERT_PAGES_H

#include <stdio.h>

void alert_page(FILE *out);  /* docs/alerts.md */
void alert_rules(FILE *out); /* deploy/prometheus/kkachi.rules.yml */

#endif

/* app/metrics.h: the measured facts as text for monitoring systems. Names and units by Prometheus' conventions; labels
 * are bounded: endpoints, states, sinks, and at most MEASURE_SELLERS_MAX sellers. */
#ifndef KK_APP_METRICS_H
#define KK_APP_METRICS_H

#include "app/measure.h"

#define METRICS_MAX_BYTES (256 * 1024)

/* Prometheus' text format 0.0.4, or OpenMetrics 1.0 where the reader asks for it. */
enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS };
const char *metrics_content_type(enum metrics_format format);
void metrics_write(const struct measure *m, enum metrics_format format, struct kk_buf *out);
/* CloudWatch's embedded metric format: one line of JSON, without the newline. */
void metrics_write_emf(const struct measure *m, struct kk_buf *out);

#endif

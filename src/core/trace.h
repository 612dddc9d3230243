/* core/trace.h: one number for all that a crawl brings about: its tasks, requests, versions, events and deliveries.
 *
 * It follows from the run's own number, so nobody has to carry it and no step can lose it; the installation's own
 * random text keeps two installations apart. As in https://www.w3.org/TR/trace-context/. */
#ifndef KK_CORE_TRACE_H
#define KK_CORE_TRACE_H

#include "base/bytes.h"

#define TRACE_ID_BYTES 33 /* 32 digits */
#define TRACEPARENT_BYTES 56
#define INSTALLATION_BYTES 40

/* "4bf92f3577b34da6a3ce929d0e0e4736"; "" for run 0, which is none. */
void trace_id(const char *installation, int64_t run_id, char ret[TRACE_ID_BYTES]);
/* "00-<trace>-<span>-01"; the span is named by what it is: "event", 4711. "" for run 0. */
void trace_parent(const char *installation, int64_t run_id, const char *span, int64_t number,
                  char ret[TRACEPARENT_BYTES]);

#endif

/* adapters/timetable/timetable_eventbridge.h: EventBridge Scheduler
 * (schedule.url "eventbridge://REGION/GROUP?bus=ARN&role=ARN&endpoint=…"). */
#ifndef KK_ADAPTERS_TIMETABLE_TIMETABLE_EVENTBRIDGE_H
#define KK_ADAPTERS_TIMETABLE_TIMETABLE_EVENTBRIDGE_H

#include "base/clock.h"
#include "ports/timetable.h"

struct aws;

/* Keeps aws and clock; asks nothing of AWS yet. bus: the event bus that a schedule tells; role: what it acts as. Gives
 * *ret_timetable (timetable_close). KK_BAD_INPUT (the address), KK_NO_MEMORY. */
enum kk_code timetable_eventbridge_open(struct aws *aws, struct kk_sv url, const struct kk_clock *clock,
                                        struct timetable **ret_timetable, struct kk_err *err);
/* For a person: is the group there, and may we look into it. Writes a sentence. */
enum kk_code timetable_eventbridge_check(struct timetable *timetable, char *ret_text, size_t text_bytes,
                                         struct kk_err *err);
/* Makes the group where it is missing. */
enum kk_code timetable_eventbridge_create(struct timetable *timetable, struct kk_err *err);

#endif

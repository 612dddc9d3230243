/* cmd/sink_name.h: a destination of events that is only a name: for a process that writes rows for it into the outbox
 * while another one delivers them. */
#ifndef KK_CMD_SINK_NAME_H
#define KK_CMD_SINK_NAME_H

#include "base/err.h"

struct sink;
/* Gives *ret_sink (sink_close). Starting an event is a bug. KK_NO_MEMORY. */
enum kk_code sink_name_open(const char *name, struct sink **ret_sink, struct kk_err *err);

#endif

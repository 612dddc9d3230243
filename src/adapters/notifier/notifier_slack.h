/* adapters/notifier/notifier_slack.h: alerts to a Slack channel, through an incoming webhook, as Block Kit. */
#ifndef KK_ADAPTERS_NOTIFIER_SLACK_H
#define KK_ADAPTERS_NOTIFIER_SLACK_H

#include "base/bytes.h"

struct http;
struct sink;

/* Keeps http; copies url, which is a secret: whoever has it can write into the channel. Gives *ret_sink (sink_close), a
 * notifier. KK_BAD_INPUT, KK_NO_MEMORY. */
enum kk_code notifier_slack_open(struct http *http, struct kk_sv url, struct sink **ret_sink, struct kk_err *err);

/* The body of app/alarm.h as Slack wants it. KK_MISMATCH: it is none. */
enum kk_code slack_message(struct kk_sv alert_json, struct kk_buf *out, struct kk_err *err);

#endif

/* core/plan.h: what a set of sellers costs: requests, agents, hours; and what the limit makes impossible.
 *
 * A cycle of a seller with I items asks for ceil(I / page) list pages (at least one), and for detail and options of
 * each item it looks at: 2 * I * share. share is 1 in mode full. In mode delta an item is looked at when its list entry
 * changed, and once in full_every at least: share = min(1, changed + period / full_every).
 *
 * An agent's token is out for one window after its request was over (core/bucket.h). So of n requests of one agent, a
 * full bucket of C goes in a burst, and the next C wait for the first token: duration(n) = floor((n - 1) / C) * max(W +
 * r, C * s) + ((n - 1) mod C) * s + r W window, r a request's own duration, s the time between two requests of the
 * burst: the agent's gap with its jitter's mean (gap + gap / 8 + r), or its share of the site's caps where those are
 * tighter (A / rate, A * r / inflight). n is the agent's even share, ceil(N / A). In the long run an agent makes C /
 * max(W + r, C * s) requests.
 *
 * Each agent first asks for a token, and for another one each life_ms - renew_ms; those requests are of the same
 * budget. The first issues are spaced, so agent k joins at (k - 1) * g: until all have joined, k of them make k / s
 * requests, no more than the site's caps allow, and what the burst lost by that is added. */
#ifndef KK_CORE_PLAN_H
#define KK_CORE_PLAN_H

#include "core/seller.h"

#define PLAN_NEVER INT64_MAX /* no number of agents is enough; no time is long enough */

struct plan_rules {
    int64_t capacity, window_ms, gap_ms;
    int64_t request_ms;               /* a request's own duration, mean */
    int64_t site_rate, site_inflight; /* 0: no cap */
    int64_t page_size;
    int64_t issue_gap_ms;   /* between two token issues */
    int64_t token_every_ms; /* how long a token is used: its life less the lead of its renewal */
};
struct plan_seller {
    int64_t item_count, period_ms;
    enum crawl_mode mode;
    int64_t full_every_ms;
    double changed_share; /* of the items, from one crawl to the next; mode delta */
};

double plan_share(const struct plan_seller *seller); /* of the items that a cycle looks at */
/* Of one cycle, without token issues. */
int64_t plan_requests(const struct plan_rules *rules, const struct plan_seller *seller);
/* From full buckets until the last of request_count answers, token issues (one an agent) included. PLAN_NEVER: no
 * agent. */
int64_t plan_duration_ms(const struct plan_rules *rules, int64_t agent_count, int64_t request_count);
/* Requests an hour that agents can make in the long run, and of those the token renewals. */
double plan_capacity_per_hour(const struct plan_rules *rules, int64_t agent_count);
double plan_renewals_per_hour(const struct plan_rules *rules, int64_t agent_count);
/* The fewest agents that keep up with so many requests an hour. PLAN_NEVER: the site's own caps do not allow it. */
int64_t plan_agents(const struct plan_rules *rules, double requests_per_hour);

#endif

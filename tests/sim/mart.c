#include "sim/mart.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "core/snapshot.h"
#include "ports/fetcher.h"
#include "sim/proc.h"
#include "sim/watch.h"
#include "site/parse.h"
#include "site/paths.h"

#define BASE_URL "https://m.web.mustit.co.kr"
#define TRUTH_MAX_ITEMS 512
#define REPLY_HEADERS_MAX_BYTES (16 * 1024)

struct fetch { /* one request on its way; lives until all that refers to it has happened */
    struct fetch *next, **at;
    struct proc *proc;
    int life, refs;
    int64_t id, sent_at_ms;
    char target[1024], user_agent[256], authorization[512], cookie[512];
    bool is_told; /* its end is in the inbox, or was */
    bool is_reply_lost;
    enum fetch_end end;
    struct kk_buf headers, body;
    struct answer_facts_seen facts;
};

struct truth { /* of one item, as last computed */
    int64_t item_no, change;
    struct kk_hash hash;
};

struct mart {
    struct sim *sim;
    struct sandbox *sandbox;
    struct sandbox_reply reply;
    struct fetch *fetches;
    struct truth truth[TRUTH_MAX_ITEMS];
    uint64_t order;
};

static const char *const user_agents[SIM_AGENTS_MAX] = {
    "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; SM-F946N) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 12; LM-V500N) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
};

const char *mart_user_agent(int agent)
{
    return user_agents[agent];
}

static int agent_of(const char *user_agent)
{
    for (int i = 0; i < SIM_AGENTS_MAX; i++)
        if (strcmp(user_agents[i], user_agent) == 0)
            return i;
    return -1;
}

/* ---- the world ---- */

struct mart *mart_create(struct sim *sim)
{
    struct mart *mart = calloc(1, sizeof(*mart));
    struct sandbox_conf conf = sandbox_conf_default();
    struct kk_err err = {0};

    KK_ASSERT(mart);
    mart->sim = sim;
    conf.seed = sim->plan.site_seed;
    conf.sellers = sim->plan.sellers;
    conf.limit = sim->plan.limiter.capacity;
    conf.window_ms = sim->plan.limiter.window_ms;
    conf.token_life_ms = sim->plan.token_life_ms;
    conf.page_max = sim->plan.page_max;
    conf.moves_per_minute = 0;
    conf.faults = "";
    conf.huge_bytes = sim->plan.limits.site_max_body_bytes + 1024;
    conf.slow_ms = 4000;
    conf.hang_ms = 60000;
    conf.fault_retry_after_ms = 90 * KK_SECOND_MS;
    conf.has_gzip = false;
    conf.has_noise = true;
    KK_ASSERT(sandbox_create(&conf, SIM_EPOCH_MS, &mart->sandbox, &err) == KK_OK);
    sandbox_reply_init(&mart->reply);
    return mart;
}

static void fetch_free(struct fetch *fetch)
{
    *fetch->at = fetch->next;
    if (fetch->next)
        fetch->next->at = fetch->at;
    kk_buf_done(&fetch->headers);
    kk_buf_done(&fetch->body);
    free(fetch);
}

void mart_destroy(struct mart *mart)
{
    if (!mart)
        return;
    while (mart->fetches)
        fetch_free(mart->fetches);
    sandbox_reply_done(&mart->reply);
    sandbox_destroy(mart->sandbox);
    free(mart);
}

struct sandbox *mart_sandbox(struct mart *mart)
{
    return mart->sandbox;
}

void mart_move(struct mart *mart)
{
    struct sim *sim = mart->sim;
    struct sandbox_order order = {.count = 1 + (int64_t)sim_below(&sim->world_rng, 3),
                                  .seed = kk_rng_next(&sim->world_rng)};
    struct kk_err err;
    int64_t made = 0;

    if (sandbox_move(mart->sandbox, &order, SIM_EPOCH_MS + sim->now_ms, &made, &err))
        made = 0;
    sim->result.counts.moves += made;
    sim_note(sim, NULL, "move", made, sandbox_last_change(mart->sandbox));
}

static void set_fault(struct mart *mart, const char *name, uint32_t rate_ppm, int64_t for_ms)
{
    struct sandbox_fault fault = {.name = kk_sv_of(name), .rate_ppm = rate_ppm, .count = -1, .for_ms = for_ms};

    KK_ASSERT(sandbox_fault(mart->sandbox, &fault, SIM_EPOCH_MS + mart->sim->now_ms, NULL) == KK_OK);
}

void mart_storm(struct mart *mart)
{
    static const uint32_t rates[] = {5000, 50000, 200000, 1000000};
    struct sim *sim = mart->sim;
    enum fault fault = (enum fault)sim_below(&sim->fate, FAULT_COUNT);
    uint32_t rate = rates[sim_below(&sim->fate, KK_COUNT(rates))];
    int64_t for_ms = 1000 + sim_delay(&sim->fate, 3 * KK_HOUR_MS);

    set_fault(mart, fault_name(fault), rate, for_ms);
    sim_note(sim, NULL, "storm", fault, rate);
    sim_tell(sim, NULL, "storm: %s, %u in a million, for %lld s", fault_name(fault), (unsigned)rate,
             (long long)(for_ms / 1000));
}

void mart_calm(struct mart *mart)
{
    set_fault(mart, "all", 0, 0);
}

/* What the item truly is now, as a hash. */
static struct kk_hash truth_of(struct mart *mart, int64_t item_no)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(SNAPSHOT_MAX_BYTES);
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct truth *slot = &mart->truth[(size_t)item_no % TRUTH_MAX_ITEMS];
    int64_t change = sandbox_last_change(mart->sandbox);
    struct kk_hash hash = {{0}};

    if (slot->item_no == item_no && slot->change == change)
        return slot->hash;
    KK_ASSERT(sandbox_truth_item(mart->sandbox, item_no, &json, NULL) == KK_OK);
    KK_ASSERT(snapshot_read(kk_buf_sv(&json), &snapshot, NULL) == KK_OK);
    KK_ASSERT(snapshot_hash(&snapshot, &hash, NULL) == KK_OK);
    *slot = (struct truth){.item_no = item_no, .change = change, .hash = hash};
    return hash;
}

/* ---- a request's address ---- */

static bool is_item(struct kk_sv path, struct kk_sv prefix, struct kk_sv suffix, int64_t *ret_item_no)
{
    struct kk_sv middle = {path.ptr + prefix.len, path.len - prefix.len - suffix.len};

    return path.len > prefix.len + suffix.len && kk_sv_starts(path, prefix) && kk_sv_i64(middle, ret_item_no);
}

static void read_address(struct answer_facts_seen *facts, struct kk_sv target)
{
    struct kk_sv query = target, path = kk_sv_cut(&query, '?');

    if (is_item(path, KK_SV(SITE_DETAIL_PREFIX), KK_SV(SITE_DETAIL_SUFFIX), &facts->item_no))
        facts->kind = TASK_DETAIL;
    else if (is_item(path, KK_SV(SITE_OPTIONS_PREFIX), KK_SV(SITE_OPTIONS_SUFFIX), &facts->item_no))
        facts->kind = TASK_OPTIONS;
    if (!kk_sv_eq(path, KK_SV(SITE_LIST_PATH)))
        return;
    facts->kind = TASK_LIST;
    while (query.len) {
        struct kk_sv value = kk_sv_cut(&query, '&'), name = kk_sv_cut(&value, '=');

        if (kk_sv_eq(name, KK_SV("sellerId")))
            kk_sv_copy(value, facts->seller_id, sizeof(facts->seller_id));
        if (kk_sv_eq(name, KK_SV("pageNo")))
            kk_sv_i64(value, &facts->page);
    }
}

static uint64_t number_of(struct kk_sv text)
{
    uint64_t hash = UINT64_C(1469598103934665603);

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
    return text.len ? hash | 1 : 0;
}

static void read_headers(struct fetch *fetch, struct kk_sv headers)
{
    while (headers.len) {
        struct kk_sv value = kk_sv_cut(&headers, '\n'), name = kk_sv_cut(&value, ':');

        value = kk_sv_trim(value);
        if (kk_sv_eq(name, KK_SV("User-Agent")))
            KK_ASSERT(kk_sv_copy(value, fetch->user_agent, sizeof(fetch->user_agent)));
        else if (kk_sv_eq(name, KK_SV("Authorization")))
            KK_ASSERT(kk_sv_copy(value, fetch->authorization, sizeof(fetch->authorization)));
        else if (kk_sv_eq(name, KK_SV("Cookie")))
            KK_ASSERT(kk_sv_copy(value, fetch->cookie, sizeof(fetch->cookie)));
    }
}

/* ---- the answer's way back ---- */

static void let_go(struct fetch *fetch)
{
    if (--fetch->refs == 0)
        fetch_free(fetch);
}

static void open_reply(struct proc *proc, void *what, int64_t arg)
{
    struct fetch *fetch = what;
    struct fetch_reply reply = {.end = (enum fetch_end)arg, .latency_ms = proc->sim->now_ms - fetch->sent_at_ms};

    if (reply.end == FETCH_DONE || reply.end == FETCH_BROKEN) {
        reply.http_status = fetch->facts.http_status;
        reply.headers = kk_buf_sv(&fetch->headers);
    }
    if (reply.end == FETCH_DONE) {
        reply.body = &fetch->body;
        fetch->facts.is_whole = true;
    } else {
        snprintf(reply.error, sizeof(reply.error), "simulated end %d", (int)reply.end);
    }
    if (reply.end != FETCH_CANCELLED)
        watch_answered(proc->sim->watch, proc, &fetch->facts);
    proc->sim->result.counts.answers++;
    sim_note(proc->sim, proc, "answer", fetch->id, reply.http_status * 10 + (int)reply.end);
    sim_tell(proc->sim, proc, "answer %lld: %s -> end %d, status %d, fault %s", (long long)fetch->id, fetch->target,
             (int)reply.end, reply.http_status,
             fetch->facts.fault == FAULT_NONE ? "none" : fault_name(fetch->facts.fault));
    proc->fetcher.base.on_fetched(proc->fetcher.base.ctx, fetch->id, &reply);
    let_go(fetch);
}

static void drop_reply(struct proc *proc, void *what, int64_t arg)
{
    (void)proc;
    (void)arg;
    let_go(what);
}

/* Once for each request, if its process still lives. */
static void tell(struct fetch *fetch, enum fetch_end end)
{
    struct proc *proc = fetch->proc;

    if (fetch->is_told)
        return;
    fetch->is_told = true;
    if (!proc->is_up || proc->is_dead || proc->life != fetch->life)
        return;
    fetch->refs++;
    proc_post(proc, (struct proc_mail){.open = open_reply, .drop = drop_reply, .what = fetch, .arg = (int64_t)end});
}

static void come_back(struct sim *sim, void *ctx, int64_t arg)
{
    (void)sim;
    tell(ctx, (enum fetch_end)arg);
    let_go(ctx);
}

/* ---- at the site ---- */

static void note_list(struct answer_facts_seen *facts, struct kk_sv body)
{
    struct list_page page = {0};

    if (parse_list(body, &page, NULL))
        return;
    facts->count = page.count;
    KK_ASSERT(page.entry_count <= ANSWER_ITEMS_MAX);
    for (size_t i = 0; i < page.entry_count; i++)
        facts->item[facts->item_count++] = page.entry[i].item_no;
    list_page_done(&page);
}

static bool is_good(const struct answer_facts_seen *facts)
{
    return facts->http_status == 200 &&
           (facts->fault == FAULT_NONE || facts->fault == FAULT_SLOW || facts->fault == FAULT_INSERT);
}

static void note_answer(struct mart *mart, struct fetch *fetch, const struct sandbox_reply *reply)
{
    struct answer_facts_seen *facts = &fetch->facts;

    facts->http_status = reply->status;
    facts->fault = reply->fault;
    facts->served_at_ms = mart->sim->now_ms;
    facts->count = -1;
    if (facts->kind && reply->body.len)
        facts->body_key = kk_sha256(kk_buf_sv(&reply->body));
    if (!is_good(facts))
        return;
    if (facts->kind == TASK_LIST)
        note_list(facts, kk_buf_sv(&reply->body));
    else if (facts->kind)
        facts->truth = truth_of(mart, facts->item_no);
}

static enum fetch_end end_of(struct sim *sim, struct fetch *fetch, struct sandbox_reply *reply)
{
    if (reply->is_hang)
        return FETCH_BROKEN;
    if (reply->cut_at != SANDBOX_WHOLE)
        return FETCH_BROKEN;
    if (reply->body.len > (size_t)sim->plan.limits.site_max_body_bytes)
        return FETCH_TOO_BIG;
    if (sim_has(sim, SIM_NET) && sim_chance(&sim->fate, 10))
        return FETCH_BROKEN;
    for (unsigned i = 0; i < reply->header_count; i++) {
        const char *name = reply->header[i].name;

        for (size_t c = 0; name[c]; c++)
            kk_buf_addc(&fetch->headers, (char)(name[c] >= 'A' && name[c] <= 'Z' ? name[c] + 32 : name[c]));
        kk_buf_addf(&fetch->headers, ": %s\n", reply->header[i].value);
    }
    kk_buf_add(&fetch->body, kk_buf_sv(&reply->body));
    return FETCH_DONE;
}

static void arrive(struct sim *sim, void *ctx, int64_t arg)
{
    struct mart *mart = sim->mart;
    struct fetch *fetch = ctx;
    struct sandbox_request request = {.method = KK_SV("GET"),
                                      .target = kk_sv_of(fetch->target),
                                      .user_agent = kk_sv_of(fetch->user_agent),
                                      .authorization = kk_sv_of(fetch->authorization),
                                      .cookie = kk_sv_of(fetch->cookie)};
    int64_t back_ms = 1 + (int64_t)sim_below(&sim->order_rng, 150);
    enum fetch_end end;

    (void)arg;
    watch_arrived(sim->watch, fetch->facts.agent);
    sandbox_respond(mart->sandbox, &request, SIM_EPOCH_MS + sim->now_ms, &mart->reply);
    note_answer(mart, fetch, &mart->reply);
    end = end_of(sim, fetch, &mart->reply);
    back_ms += mart->reply.delay_ms;
    if (sim_has(sim, SIM_NET) && sim_chance(&sim->fate, 20))
        back_ms += sim_delay(&sim->fate, KK_MINUTE_MS);
    sim_note(sim, NULL, "served", mart->reply.status, mart->reply.fault);
    if (!fetch->is_reply_lost) {
        fetch->refs++;
        sim_at(sim, sim->now_ms + back_ms, come_back, fetch, end);
    }
    let_go(fetch);
}

/* ---- a process's fetcher ---- */

static struct proc_fetcher *self_of(struct fetcher *f);

static struct fetch *fetch_create(struct proc *proc, int64_t id, const struct fetch_request *request)
{
    struct mart *mart = proc->sim->mart;
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    KK_ASSERT(fetch && kk_sv_starts(request->url, KK_SV(BASE_URL)));
    fetch->proc = proc;
    fetch->life = proc->life;
    fetch->id = id;
    fetch->sent_at_ms = proc->sim->now_ms;
    fetch->headers = KK_BUF(REPLY_HEADERS_MAX_BYTES);
    fetch->body = KK_BUF((size_t)proc->sim->plan.limits.site_max_body_bytes);
    KK_ASSERT(
        kk_sv_copy((struct kk_sv){request->url.ptr + sizeof(BASE_URL) - 1, request->url.len - sizeof(BASE_URL) + 1},
                   fetch->target, sizeof(fetch->target)));
    read_headers(fetch, request->headers);
    read_address(&fetch->facts, kk_sv_of(fetch->target));
    fetch->facts.agent = agent_of(fetch->user_agent);
    fetch->facts.token = number_of(kk_sv_of(fetch->authorization));
    fetch->next = mart->fetches;
    fetch->at = &mart->fetches;
    if (fetch->next)
        fetch->next->at = &fetch->next;
    mart->fetches = fetch;
    return fetch;
}

static void tell_watch(struct proc *proc, const struct fetch *fetch)
{
    struct kk_sv query = kk_sv_of(fetch->target);
    struct request_facts facts = {.kind = fetch->facts.kind,
                                  .page = fetch->facts.page,
                                  .item_no = fetch->facts.item_no,
                                  .agent = fetch->facts.agent,
                                  .token = fetch->facts.token,
                                  .path = kk_sv_cut(&query, '?')};

    kk_sv_copy(kk_sv_of(fetch->facts.seller_id), facts.seller_id, sizeof(facts.seller_id));
    watch_sent(proc->sim->watch, proc, &facts);
}

static void send(struct proc *proc, struct fetch *fetch)
{
    struct sim *sim = proc->sim;
    int64_t way_ms = 1 + (int64_t)sim_below(&sim->order_rng, 40);
    bool is_lost = sim_has(sim, SIM_NET) && sim_chance(&sim->fate, 10);

    if (sim_has(sim, SIM_NET) && sim_chance(&sim->fate, 20))
        way_ms += sim_delay(&sim->fate, sim->plan.limits.site_timeout_ms - 100);
    fetch->is_reply_lost = sim_has(sim, SIM_NET) && sim_chance(&sim->fate, 10);
    sim->result.counts.requests++;
    sim_note(sim, proc, "send", fetch->id, (int64_t)fetch->facts.token);
    sim_tell(sim, proc, "request %lld: %s by agent %d", (long long)fetch->id, fetch->target, fetch->facts.agent);
    tell_watch(proc, fetch);
    if (!is_lost) {
        fetch->refs++;
        sim_at(sim, sim->now_ms + way_ms, arrive, fetch, 0);
    }
    fetch->refs++;
    sim_at(sim, sim->now_ms + sim->plan.limits.site_timeout_ms, come_back, fetch, FETCH_TIMED_OUT);
}

static enum kk_code f_start(struct fetcher *f, int64_t id, const struct fetch_request *request, struct kk_err *err)
{
    struct proc_fetcher *self = self_of(f);
    enum kk_code rc;

    /* Between its last look at the grant's age and the first byte nobody can keep a process from standing still. */
    self->proc->is_firm = true;
    rc = fate_before(self->proc, "fetcher.start", SIM_NET, err);
    self->proc->is_firm = false;
    if (rc)
        return rc;
    send(self->proc, fetch_create(self->proc, id, request));
    /* A start that fails has sent nothing, so after its effect it may only die or stand still. */
    return fate_after(self->proc, "fetcher.start", 0, KK_OK, err);
}

static void f_cancel_all(struct fetcher *f)
{
    struct proc *proc = self_of(f)->proc;

    for (struct fetch *fetch = proc->sim->mart->fetches; fetch; fetch = fetch->next)
        if (fetch->proc == proc && fetch->life == proc->life)
            tell(fetch, FETCH_CANCELLED);
}

static void f_close(struct fetcher *f)
{
    (void)f;
}

static const struct fetcher_ops ops = {.name = "sim", .start = f_start, .cancel_all = f_cancel_all, .close = f_close};

static struct proc_fetcher *self_of(struct fetcher *f)
{
    KK_ASSERT(f->ops == &ops);
    return (struct proc_fetcher *)f;
}

void proc_open_fetcher(struct proc *proc)
{
    proc->fetcher = (struct proc_fetcher){.base.ops = &ops, .proc = proc};
    proc->app.fetcher = &proc->fetcher.base;
}

/* From a request to a reply: which page, whether it may come in, what goes wrong, and the line in the log. */
#include "sandbox/sandbox.h"

#include "base/assert.h"
#include "sandbox/dice.h"
#include "sandbox/inside.h"
#include "site/paths.h"

/* --- which page --- */

/* Between prefix and suffix stands a number. */
static bool is_item_path(struct kk_sv path, struct kk_sv prefix, struct kk_sv suffix, int64_t *ret_item_no)
{
    if (!kk_sv_starts(path, prefix) || path.len <= prefix.len + suffix.len)
        return false;

    struct kk_sv number = {path.ptr + prefix.len, path.len - prefix.len - suffix.len};
    struct kk_sv end = {path.ptr + path.len - suffix.len, suffix.len};

    return kk_sv_eq(end, suffix) && kk_sv_i64(number, ret_item_no);
}

static enum log_path kind_of(const struct sandbox *sandbox, struct kk_sv path, int64_t *ret_item_no)
{
    if (kk_sv_eq(path, KK_SV(SITE_HOME_PATH)))
        return LOG_HOME;
    if (kk_sv_eq(path, KK_SV(HOME_HOP_PATH)))
        return LOG_HOP;
    if (kk_sv_eq(path, kk_sv_of(sandbox->list_path)))
        return LOG_LIST;
    if (is_item_path(path, KK_SV(SITE_DETAIL_PREFIX), KK_SV(SITE_DETAIL_SUFFIX), ret_item_no))
        return LOG_DETAIL;
    if (is_item_path(path, KK_SV(SITE_OPTIONS_PREFIX), KK_SV(SITE_OPTIONS_SUFFIX), ret_item_no))
        return LOG_OPTIONS;
    return LOG_OTHER;
}

static enum fault draw_fault(struct sandbox *sandbox, const struct visit *visit)
{
    static const enum fault_path at[LOG_PATH_COUNT] = {
        [LOG_HOME] = AT_HOME, [LOG_LIST] = AT_LIST, [LOG_DETAIL] = AT_DETAIL, [LOG_OPTIONS] = AT_OPTIONS};

    return at[visit->kind] ? faults_draw(&sandbox->faults, visit->dice, at[visit->kind], visit->now_ms) : FAULT_NONE;
}

/* --- may it come in --- */

static void refuse_pass(const struct visit *visit, struct sandbox_reply *reply)
{
    switch (visit->pass) {
    case GATE_OPEN:
        KK_UNREACHABLE();
    case GATE_NO_TOKEN:
        answer_refusal(400, "AUTHORIZATION_REQUIRED", reply);
        return;
    case GATE_COOKIE:
        answer_refusal(400, "TOKEN_IN_COOKIE", reply);
        return;
    case GATE_UNKNOWN:
    case GATE_EXPIRED:
    case GATE_DEAD:
    case GATE_REVOKED:
        answer_refusal(401, "TOKEN_EXPIRED", reply);
        return;
    case GATE_OTHER_AGENT:
        answer_refusal(403, "TOKEN_NOT_YOURS", reply);
        return;
    }
    KK_UNREACHABLE();
}

static void serve(struct sandbox *sandbox, struct visit *visit, struct sandbox_reply *reply)
{
    bool is_home = visit->kind == LOG_HOME || visit->kind == LOG_HOP;

    visit->pass = gate_look(sandbox->gate, visit->agent, visit->request->authorization, visit->request->cookie,
                            visit->now_ms, &visit->token);
    visit->is_dead_token = visit->pass == GATE_DEAD;
    if (visit->is_dead_token)
        gate_count_dead_use(sandbox->gate, visit->agent);
    if (!gate_arrive(sandbox->gate, visit->agent, visit->now_ms, &visit->wait_ms)) {
        visit->is_over_limit = true;
        answer_limited(sandbox, visit, sandbox->conf.retry_after, visit->wait_ms, reply);
        return;
    }
    visit->fault = draw_fault(sandbox, visit);
    if (visit->fault != FAULT_NONE && odd_instead(sandbox, visit, reply))
        return;
    if (!kk_sv_eq(visit->request->method, KK_SV("GET")))
        answer_refusal(405, "METHOD_NOT_ALLOWED", reply);
    else if (is_home)
        answer_home(sandbox, visit, reply);
    else if (visit->kind == LOG_OTHER)
        answer_refusal(404, "NO_SUCH_PAGE", reply);
    else if (visit->pass != GATE_OPEN)
        refuse_pass(visit, reply);
    else
        answer_api(sandbox, visit, reply);
    if (visit->fault != FAULT_NONE)
        odd_after(sandbox, visit, reply);
}

static void write_log(struct sandbox *sandbox, const struct visit *visit, const struct sandbox_reply *reply)
{
    struct kk_sv target = visit->request->target;
    struct log_line line = {.at_ms = visit->now_ms,
                            .token = visit->token,
                            .agent = visit->agent,
                            .status = reply->status,
                            .fault = visit->fault,
                            .path = visit->kind,
                            .is_over_limit = visit->is_over_limit,
                            .is_dead_token = visit->is_dead_token};

    if (target.len >= sizeof(line.target))
        target.len = sizeof(line.target) - 1;
    kk_sv_copy(target, line.target, sizeof(line.target));
    log_add(&sandbox->log, &line);
}

void sandbox_respond(struct sandbox *sandbox, const struct sandbox_request *request, int64_t now_ms,
                     struct sandbox_reply *reply)
{
    struct kk_sv query = request->target, path = kk_sv_cut(&query, '?');
    struct visit visit = {.request = request, .path = path, .query = query, .token = -1, .fault = FAULT_NONE};

    if (now_ms < sandbox->now_ms)
        now_ms = sandbox->now_ms;
    sandbox->now_ms = visit.now_ms = now_ms;
    sandbox_advance(sandbox, now_ms);
    reply_begin(reply);
    if (kk_sv_starts(path, KK_SV(CONTROL_PREFIX))) {
        control_respond(sandbox, &visit, reply);
        return;
    }
    visit.kind = kind_of(sandbox, path, &visit.item_no);
    visit.number = (uint64_t)sandbox->log.last + 1;
    visit.dice = dice_mix(sandbox->conf.seed, visit.number);
    visit.agent = gate_agent(sandbox->gate, request->user_agent);
    if (visit.agent < 0)
        answer_refusal(431, "USER_AGENT_REFUSED", reply);
    else
        serve(sandbox, &visit, reply);
    reply->fault = visit.fault;
    write_log(sandbox, &visit, reply);
}

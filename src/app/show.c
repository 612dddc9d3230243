#include "app/show.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/manage.h"
#include "app/measure.h"
#include "base/json.h"
#include "ports/ledger.h"
#include "ports/limiter.h"
#include "ports/store.h"

void show_key_id(struct kk_buf *json, const char *key, int64_t id)
{
    kk_jw_key(json, key);
    if (id)
        kk_jw_i64(json, id);
    else
        kk_jw_null(json);
}

static void show_hash(struct kk_buf *json, const char *key, const struct kk_hash *hash)
{
    char text[KK_HASH_TEXT_BYTES];

    kk_hash_text(hash, text);
    kk_jw_key_str(json, key, kk_sv_of(text));
}

void show_seller(struct kk_buf *json, const struct seller *seller)
{
    char period[24];

    snprintf(period, sizeof(period), "%" PRId64 "%s", seller->period_count,
             seller->period_unit == PERIOD_DAY ? "d" : "h");
    kk_jw_key_str(json, "sellerId", kk_sv_of(seller->seller_id));
    kk_jw_key_str(json, "name", kk_sv_of(seller->name));
    kk_jw_key_str(json, "state", kk_sv_of(seller_state_name(seller->state)));
    kk_jw_key_str(json, "period", kk_sv_of(period));
    kk_jw_key_str(json, "mode", kk_sv_of(crawl_mode_name(seller->mode)));
    kk_jw_key_i64(json, "fullEveryMs", seller->full_every_ms);
    kk_jw_key_time(json, "nextRunAt", seller->next_run_at_ms);
    show_key_id(json, "lastRunId", seller->last_run_id);
    kk_jw_key_time(json, "lastStartedAt", seller->last_started_at_ms);
    kk_jw_key_time(json, "lastEndedAt", seller->last_ended_at_ms);
    kk_jw_key_time(json, "createdAt", seller->created_at_ms);
    kk_jw_key_i64(json, "revision", seller->revision);
}

void show_run(struct kk_buf *json, const struct run *run)
{
    kk_jw_key_i64(json, "id", run->id);
    kk_jw_key_str(json, "sellerId", kk_sv_of(run->seller_id));
    kk_jw_key_str(json, "trigger", kk_sv_of(run_trigger_name(run->trigger)));
    kk_jw_key_str(json, "state", kk_sv_of(run_state_name(run->state)));
    kk_jw_key_time(json, "startedAt", run->started_at_ms);
    kk_jw_key_time(json, "endedAt", run->ended_at_ms);
    kk_jw_key_i64(json, "itemCount", run->item_count);
    kk_jw_key_i64(json, "tasks", run->counts.task_count);
    kk_jw_key_i64(json, "open", run->counts.open_count);
    kk_jw_key_i64(json, "success", run->counts.success_count);
    kk_jw_key_i64(json, "dead", run->counts.dead_count);
    kk_jw_key_i64(json, "requests", run->counts.request_count);
    kk_jw_key_i64(json, "retries", run->counts.retry_count);
    kk_jw_key_i64(json, "created", run->counts.created_count);
    kk_jw_key_i64(json, "changed", run->counts.changed_count);
    kk_jw_key_i64(json, "removed", run->counts.removed_count);
    kk_jw_key_i64(json, "returned", run->counts.returned_count);
}

static void show_known(struct kk_buf *json, const char *key, int64_t number)
{
    kk_jw_key(json, key);
    if (number < 0)
        kk_jw_null(json);
    else
        kk_jw_i64(json, number);
}

void show_crawl_left(struct kk_buf *json, const struct measured_crawl *crawl)
{
    show_known(json, "requestsLeft", crawl->left_count);
    show_known(json, "leftMs", crawl->left_ms);
}

void show_task(struct kk_buf *json, const struct task *task)
{
    kk_jw_key_i64(json, "id", task->id);
    kk_jw_key_str(json, "sellerId", kk_sv_of(task->seller_id));
    kk_jw_key_str(json, "kind", kk_sv_of(task_kind_name(task->kind)));
    kk_jw_key_str(json, "endpoint", kk_sv_of(task->endpoint));
    kk_jw_key_i64(json, "page", task->page);
    show_key_id(json, "itemNo", task->item_no);
    kk_jw_key_i64(json, "runId", task->run_id);
    show_key_id(json, "parentTaskId", task->parent_task_id);
    kk_jw_key_str(json, "state", kk_sv_of(task_state_name(task->state)));
    kk_jw_key_bool(json, "isDead", task->is_dead);
    kk_jw_key_i64(json, "attempt", task->attempt);
    kk_jw_key_i64(json, "lapses", task->lapse_count);
    kk_jw_key_i64(json, "httpStatus", task->http_status);
    kk_jw_key_str(json, "error", kk_sv_of(task->error));
    kk_jw_key_time(json, "createdAt", task->created_at_ms);
    kk_jw_key_time(json, "publishedAt", task->published_at_ms);
    kk_jw_key_time(json, "startedAt", task->started_at_ms);
    kk_jw_key_time(json, "endedAt", task->ended_at_ms);
    kk_jw_key_time(json, "nextAttemptAt", task->next_attempt_at_ms);
}

void show_attempt(struct kk_buf *json, const struct attempt *attempt)
{
    char key[KK_HASH_TEXT_BYTES] = "";

    if (!kk_hash_is_zero(&attempt->archive_key))
        kk_hash_text(&attempt->archive_key, key);
    kk_jw_key_time(json, "at", attempt->at_ms);
    kk_jw_key_i64(json, "runId", attempt->run_id);
    kk_jw_key_i64(json, "attempt", attempt->attempt);
    kk_jw_key_i64(json, "agentId", attempt->agent_id);
    kk_jw_key_str(json, "cause", kk_sv_of(attempt->cause));
    kk_jw_key_i64(json, "httpStatus", attempt->http_status);
    kk_jw_key_str(json, "error", attempt->error);
    kk_jw_key_str(json, "archiveKey", kk_sv_of(key));
}

void show_agent(struct kk_buf *json, const struct agent *agent)
{
    kk_jw_key_i64(json, "id", agent->id);
    kk_jw_key_str(json, "name", kk_sv_of(agent->name));
    kk_jw_key_str(json, "userAgent", kk_sv_of(agent->user_agent));
    kk_jw_key_str(json, "state", kk_sv_of(agent_state_name(agent->state)));
    kk_jw_key_bool(json, "hasToken", agent->token[0] != '\0' || agent->is_shut);
    kk_jw_key_time(json, "tokenExpiresAt", agent->token_expires_at_ms);
    kk_jw_key(json, "disabledUntil");
    if (agent->state != AGENT_DISABLED || agent->disabled_until_ms == INT64_MAX) {
        kk_jw_null(json);
    } else {
        char iso[KK_ISO_BYTES];

        kk_time_iso(agent->disabled_until_ms, iso);
        kk_jw_str(json, kk_sv_of(iso));
    }
    kk_jw_key_str(json, "reason", kk_sv_of(agent->reason));
    kk_jw_key_i64(json, "requests", agent->request_count);
    kk_jw_key_i64(json, "successes", agent->success_count);
    kk_jw_key_i64(json, "failures", agent->failure_count);
    kk_jw_key_i64(json, "limited", agent->limited_count);
    kk_jw_key_time(json, "lastUsedAt", agent->last_used_at_ms);
}

void show_bucket(struct kk_buf *json, const struct limiter_agent *bucket)
{
    kk_jw_key_i64(json, "tokensLeft", bucket->tokens_left);
    kk_jw_key_time(json, "tokenFreeAt", bucket->free_at_ms);
    kk_jw_key_bool(json, "isBusy", bucket->is_busy);
}

void show_product(struct kk_buf *json, const struct product *product)
{
    kk_jw_key_i64(json, "itemNo", product->item_no);
    kk_jw_key_str(json, "sellerId", kk_sv_of(product->seller_id));
    kk_jw_key_i64(json, "version", product->version);
    show_hash(json, "hash", &product->hash);
    kk_jw_key_time(json, "lastChangedAt", product->last_changed_at_ms);
    kk_jw_key_time(json, "firstSeenAt", product->first_seen_at_ms);
    kk_jw_key_time(json, "lastCheckedAt", product->last_checked_at_ms);
    kk_jw_key(json, "product");
    kk_jw_raw(json, kk_buf_sv(&product->snapshot_json));
}

static void show_changes(struct kk_buf *json, const struct product_version *version)
{
    kk_jw_key(json, "changes");
    kk_jw_raw(json, version->changes_json.len ? version->changes_json : KK_SV("[]"));
}

void show_version(struct kk_buf *json, const struct product_version *version)
{
    kk_jw_key_i64(json, "itemNo", version->item_no);
    kk_jw_key_i64(json, "version", version->version);
    kk_jw_key_time(json, "at", version->at_ms);
    kk_jw_key_str(json, "type", kk_sv_of(change_type_name(version->type)));
    show_hash(json, "hash", &version->hash);
    show_hash(json, "detailKey", &version->detail_key);
    show_hash(json, "optionsKey", &version->options_key);
    show_changes(json, version);
}

void show_change(struct kk_buf *json, const struct product_version *version)
{
    kk_jw_key_i64(json, "id", version->id);
    kk_jw_key_time(json, "at", version->at_ms);
    kk_jw_key_str(json, "sellerId", kk_sv_of(version->seller_id));
    kk_jw_key_i64(json, "itemNo", version->item_no);
    kk_jw_key_i64(json, "version", version->version);
    kk_jw_key_str(json, "type", kk_sv_of(change_type_name(version->type)));
    show_hash(json, "hash", &version->hash);
    show_changes(json, version);
}

void show_alert(struct kk_buf *json, const struct alert *alert)
{
    const struct alert_rule *rule = alert_rule(alert->key);

    kk_jw_key_str(json, "name", kk_sv_of(rule->name));
    kk_jw_key_str(json, "state", kk_sv_of(alert_state_name(alert)));
    kk_jw_key_str(json, "severity", kk_sv_of(alert_severity_name(rule->severity)));
    kk_jw_key_time(json, "since", alert->since_ms);
    kk_jw_key_time(json, "raisedAt", alert->raised_at_ms);
    kk_jw_key_time(json, "toldAt", alert->told_at_ms);
    kk_jw_key_time(json, "resolvedAt", alert->resolved_at_ms);
    kk_jw_key_str(json, "detail", kk_sv_of(alert->since_ms ? alert->detail : ""));
    kk_jw_key_str(json, "meaning", kk_sv_of(rule->meaning));
    kk_jw_key_str(json, "action", kk_sv_of(rule->action));
    kk_jw_key_i64(json, "holdMs", rule->hold_ms);
}

void show_pause(struct kk_buf *json, const struct pause *pause)
{
    kk_jw_key_bool(json, "isPaused", pause->is_paused);
    kk_jw_key_str(json, "who", kk_sv_of(pause->who));
    kk_jw_key_str(json, "why", kk_sv_of(pause->why));
    kk_jw_key_time(json, "at", pause->at_ms);
}

void show_api_key(struct kk_buf *json, const struct api_key *key)
{
    kk_jw_key_i64(json, "id", key->id);
    kk_jw_key_str(json, "name", kk_sv_of(key->name));
    kk_jw_key_str(json, "role", kk_sv_of(api_role_name(key->role)));
    kk_jw_key_time(json, "createdAt", key->created_at_ms);
    kk_jw_key_time(json, "expiresAt", key->expires_at_ms);
    kk_jw_key_time(json, "revokedAt", key->revoked_at_ms);
    kk_jw_key_time(json, "lastUsedAt", key->last_used_at_ms);
}

static void show_object(struct kk_buf *json, const char *key, struct kk_sv object)
{
    kk_jw_key(json, key);
    kk_jw_raw(json, object.len ? object : KK_SV("null"));
}

void show_audit(struct kk_buf *json, const struct audit *audit)
{
    kk_jw_key_i64(json, "id", audit->id);
    kk_jw_key_time(json, "at", audit->at_ms);
    kk_jw_key_str(json, "who", audit->who);
    kk_jw_key_str(json, "what", audit->what);
    kk_jw_key_str(json, "target", audit->target);
    show_object(json, "before", audit->before_json);
    show_object(json, "after", audit->after_json);
}

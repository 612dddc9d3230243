-- The last grant of each agent by a limiter outside the store, in that limiter's time. Committed before the request
-- leaves, so a limiter that lost its memory can be told what it must not forget.
CREATE TABLE limiter_use (
    agent_id {given_id},
    grant_id BIGINT NOT NULL,
    used_at_ms BIGINT NOT NULL
) {table};

-- The embedded limiter (ports/limiter.h). Times here are the limiter's own, which never goes back. tokens holds the
-- return times of the tokens that are out, as 64-bit little-endian numbers in ascending order. wall_ms and mono_ms
-- are what the two clocks said at now_ms: a process that starts goes on from there.
CREATE TABLE limiter_pool (
    id {given_id},
    now_ms BIGINT NOT NULL,
    wall_ms BIGINT NOT NULL,
    mono_ms BIGINT NOT NULL,
    site_tokens {blob} NOT NULL
) {table};
INSERT INTO limiter_pool (id, now_ms, wall_ms, mono_ms, site_tokens) VALUES (1, 0, 0, 0, x'');

-- pending_at_ms is the return time of the token of the grant that is open; 0: none is.
CREATE TABLE limiter_agent (
    agent_id {given_id},
    grant_id BIGINT NOT NULL,
    window_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL,
    busy_until_ms BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    held_until_ms BIGINT NOT NULL,
    pending_at_ms BIGINT NOT NULL,
    tokens {blob} NOT NULL
) {table};

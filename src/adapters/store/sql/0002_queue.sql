-- The embedded queue (ports/queue.h). dedup_key is NULL once a message is dead: a new one of that key may come. An id is
-- never used twice, so that (id, receive_count) names one receive for ever, and a stale handle fits nothing.
CREATE TABLE message (
    id {once_id},
    is_dead INTEGER NOT NULL,
    visible_at_ms BIGINT NOT NULL,
    receive_count INTEGER NOT NULL,
    created_at_ms BIGINT NOT NULL,
    dedup_key VARCHAR(127) NULL,
    body VARCHAR(2048) NOT NULL
) {table};
CREATE UNIQUE INDEX message_dedup ON message (dedup_key);
CREATE INDEX message_visible ON message (is_dead, visible_at_ms);

-- The embedded queue (ports/queue.h). dedup_key is NULL once a message is dead: a new one of that key may come.
-- receive_id names the receive that holds it, so that a stale handle fits nothing.
CREATE TABLE message (
    id {id},
    is_dead INTEGER NOT NULL,
    visible_at_ms BIGINT NOT NULL,
    receive_count INTEGER NOT NULL,
    receive_id BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    dedup_key VARCHAR(127) NULL,
    body TEXT NOT NULL
) {table};
CREATE UNIQUE INDEX message_dedup ON message (dedup_key);
CREATE INDEX message_visible ON message (is_dead, visible_at_ms);

CREATE TABLE message_receive (
    id {given_id},
    last_id BIGINT NOT NULL
) {table};
INSERT INTO message_receive (id, last_id) VALUES (1, 0);

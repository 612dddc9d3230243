-- The crawl behind a promise and behind a version, from which their trace follows (core/trace.h), and what a destination
-- answered. 0, '': of before this was kept.
ALTER TABLE outbox ADD COLUMN run_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN answer VARCHAR(256) NOT NULL DEFAULT '';
ALTER TABLE product_version ADD COLUMN run_id BIGINT NOT NULL DEFAULT 0;
-- Keeps the traces of two installations apart. Made once, under the migration's lock.
INSERT INTO setting (name, value, updated_at_ms) VALUES ('installation', {fresh_id}, 0);

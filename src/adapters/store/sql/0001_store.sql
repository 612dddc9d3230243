-- The truth (design.md section 3). Words in braces are the driver's (db_sqlite.c). States are stored by their names;
-- times are Unix milliseconds; hashes are 32 bytes. Texts have the lengths of the C arrays they come from.

CREATE TABLE setting (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value {text} NOT NULL,
    updated_at_ms BIGINT NOT NULL
) {clustered};

CREATE TABLE seller (
    seller_id VARCHAR(64) NOT NULL PRIMARY KEY,
    name VARCHAR(128) NOT NULL,
    state VARCHAR(16) NOT NULL,
    period_count BIGINT NOT NULL,
    period_unit VARCHAR(8) NOT NULL,
    mode VARCHAR(8) NOT NULL,
    full_every_ms BIGINT NOT NULL,
    next_run_at_ms BIGINT NOT NULL,
    last_run_id BIGINT NOT NULL,
    last_started_at_ms BIGINT NOT NULL,
    last_ended_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
) {clustered};
CREATE INDEX seller_due ON seller (state, next_run_at_ms);

-- open_key is the seller while the run is OPEN and NULL after it: at most one open run for each seller.
-- missed_pass is the list pass whose missing items are counted: a repetition adds nothing (R11).
CREATE TABLE run (
    id {once_id},
    seller_id VARCHAR(64) NOT NULL,
    open_key VARCHAR(64) NULL,
    run_trigger VARCHAR(16) NOT NULL,
    state VARCHAR(16) NOT NULL,
    started_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL,
    list_pass BIGINT NOT NULL,
    page_size BIGINT NOT NULL,
    page_count BIGINT NOT NULL,
    list_open BIGINT NOT NULL,
    list_failed BIGINT NOT NULL,
    item_count BIGINT NOT NULL,
    seen_count BIGINT NOT NULL,
    missed_pass BIGINT NOT NULL,
    task_count BIGINT NOT NULL,
    open_count BIGINT NOT NULL,
    success_count BIGINT NOT NULL,
    dead_count BIGINT NOT NULL,
    request_count BIGINT NOT NULL,
    retry_count BIGINT NOT NULL,
    created_count BIGINT NOT NULL,
    changed_count BIGINT NOT NULL,
    removed_count BIGINT NOT NULL,
    returned_count BIGINT NOT NULL
) {table};
CREATE UNIQUE INDEX run_open ON run (open_key);
CREATE INDEX run_idle ON run (open_count, open_key) {only(open_key IS NOT NULL AND open_count <= 0)};
CREATE INDEX run_seller ON run (seller_id);
CREATE INDEX run_ended ON run (ended_at_ms) {only(ended_at_ms > 0)};

-- One row for each (seller, endpoint, page), for ever (R5); the next run gives it a new life.
CREATE TABLE task (
    id {id},
    seller_id VARCHAR(64) NOT NULL,
    endpoint VARCHAR(160) NOT NULL,
    page BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    item_no BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    parent_task_id BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    serial BIGINT NOT NULL,
    send_rank INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    lapse_count INTEGER NOT NULL,
    is_dead INTEGER NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    http_status INTEGER NOT NULL,
    error VARCHAR(256) NOT NULL,
    created_at_ms BIGINT NOT NULL,
    published_at_ms BIGINT NOT NULL,
    started_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT NOT NULL
) {table};
CREATE UNIQUE INDEX task_key ON task (seller_id, endpoint, page);
-- Small wherever partial indexes are known: they hold what is in the queue or in a worker's hands, and the dead.
CREATE INDEX task_published ON task (state, seller_id, published_at_ms) {only(state = 'PUBLISHED')};
CREATE INDEX task_running ON task (state, seller_id, lease_until_ms) {only(state = 'RUNNING')};
CREATE INDEX task_dead ON task (is_dead) {only(is_dead = 1)};

-- Failed attempts (R3).
CREATE TABLE attempt (
    id {id},
    task_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    agent_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    cause VARCHAR(32) NOT NULL,
    http_status INTEGER NOT NULL,
    error VARCHAR(256) NOT NULL,
    archive_key {hash} NULL
) {table};
CREATE INDEX attempt_task ON attempt (task_id);

-- Promises to publish. A task's row goes when it is published; an event's stays until it is purged, with due_at_ms NULL
-- and published_at_ms set. task_id 0: an event, whose body is apart and goes when it is published; a task's body follows
-- from its row.
CREATE TABLE outbox (
    id {id},
    topic VARCHAR(95) NOT NULL,
    row_key VARCHAR(79) NOT NULL,
    dedup_key VARCHAR(79) NOT NULL,
    due_at_ms BIGINT NULL,
    send_rank INTEGER NOT NULL,
    task_id BIGINT NOT NULL,
    serial BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    answered_at_ms BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    published_at_ms BIGINT NULL,
    http_status INTEGER NOT NULL,
    error VARCHAR(256) NOT NULL
) {table};
CREATE TABLE outbox_body (
    outbox_id {given_id},
    body {text} NOT NULL
) {table};
CREATE UNIQUE INDEX outbox_dedup ON outbox (topic, dedup_key);
CREATE INDEX outbox_due ON outbox (topic, row_key, send_rank, due_at_ms) {only(due_at_ms IS NOT NULL)};
CREATE INDEX outbox_event_due ON outbox (task_id, topic, due_at_ms) {only(task_id = 0 AND due_at_ms IS NOT NULL)};
CREATE INDEX outbox_event_order ON outbox (task_id, topic, id) {only(task_id = 0 AND due_at_ms IS NOT NULL)};
CREATE INDEX outbox_published ON outbox (published_at_ms) {only(published_at_ms IS NOT NULL)};
CREATE INDEX outbox_told ON outbox (row_key, published_at_ms) {only(published_at_ms IS NOT NULL)};

CREATE TABLE listing (
    seller_id VARCHAR(64) NOT NULL,
    item_no BIGINT NOT NULL,
    list_hash {hash} NULL,
    seen_run_id BIGINT NOT NULL,
    seen_pass BIGINT NOT NULL,
    missed_count BIGINT NOT NULL,
    first_seen_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    full_look_at_ms BIGINT NOT NULL,
    is_removed INTEGER NOT NULL,
    PRIMARY KEY (seller_id, item_no)
) {clustered};

CREATE TABLE visit (
    seller_id VARCHAR(64) NOT NULL,
    item_no BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    detail_key {hash} NULL,
    detail_json {text} NOT NULL,
    PRIMARY KEY (item_no, seller_id)
) {table};

-- The snapshot is apart from what changes at each visit, so that a visit without news writes a small row; and it stands
-- in the order of coming: long rows in the order of item numbers would move their neighbours with each new one.
CREATE TABLE product (
    item_no {given_id},
    snapshot_id BIGINT NOT NULL,
    seller_id VARCHAR(64) NOT NULL,
    status VARCHAR(16) NOT NULL,
    version BIGINT NOT NULL,
    hash {hash} NULL,
    first_seen_at_ms BIGINT NOT NULL,
    last_changed_at_ms BIGINT NOT NULL,
    last_checked_at_ms BIGINT NOT NULL,
    detail_key {hash} NULL,
    options_key {hash} NULL
) {table};
CREATE INDEX product_seller ON product (seller_id);
CREATE TABLE product_snapshot (
    id {id},
    snapshot_json {text} NOT NULL
) {table};

CREATE TABLE product_version (
    id {id},
    item_no BIGINT NOT NULL,
    version BIGINT NOT NULL,
    seller_id VARCHAR(64) NOT NULL,
    type VARCHAR(32) NOT NULL,
    at_ms BIGINT NOT NULL,
    hash {hash} NULL,
    detail_key {hash} NULL,
    options_key {hash} NULL,
    changes_json {text} NOT NULL
) {table};
CREATE UNIQUE INDEX product_version_item ON product_version (item_no, version);
CREATE INDEX product_version_seller ON product_version (seller_id);

-- What changes with each request is apart from the token and the rest, which change rarely and are long.
CREATE TABLE agent (
    id {id},
    name VARCHAR(64) NOT NULL,
    user_agent VARCHAR(512) NOT NULL,
    state VARCHAR(16) NOT NULL,
    token VARCHAR(2048) NOT NULL,
    nid VARCHAR(128) NOT NULL,
    mustit_uid VARCHAR(128) NOT NULL,
    token_issued_at_ms BIGINT NOT NULL,
    token_expires_at_ms BIGINT NOT NULL,
    disabled_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    reason VARCHAR(127) NOT NULL
) {table};
CREATE UNIQUE INDEX agent_name ON agent (name);
CREATE TABLE agent_use (
    agent_id {given_id},
    ban_streak INTEGER NOT NULL,
    refused_streak INTEGER NOT NULL,
    success_count BIGINT NOT NULL,
    failure_count BIGINT NOT NULL,
    limited_count BIGINT NOT NULL,
    request_count BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL
) {table};

-- Who may ask over HTTP, who changed what, and which calls were answered already.

-- hash is of the whole key: the key itself is nowhere. A revoked key stays, for the audit's sake.
CREATE TABLE api_key (
    id {once_id},
    name VARCHAR(64) NOT NULL,
    role VARCHAR(16) NOT NULL,
    hash {hash} NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    revoked_at_ms BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL
) {table};

CREATE TABLE audit (
    id {id},
    at_ms BIGINT NOT NULL,
    who VARCHAR(128) NOT NULL,
    what VARCHAR(48) NOT NULL,
    target VARCHAR(160) NOT NULL,
    before_json {text} NOT NULL,
    after_json {text} NOT NULL
) {table};

-- An answer that is given again when the same call comes once more (Idempotency-Key).
CREATE TABLE answered (
    who VARCHAR(64) NOT NULL,
    call_key VARCHAR(128) NOT NULL,
    at_ms BIGINT NOT NULL,
    request {hash} NULL,
    status INTEGER NOT NULL,
    body {text} NOT NULL,
    PRIMARY KEY (who, call_key)
) {clustered};
CREATE INDEX answered_at ON answered (at_ms);

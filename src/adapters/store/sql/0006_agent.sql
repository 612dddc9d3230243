-- Agents' secrets sealed (adapters/crypto/seal.h): token, nid and mustit_uid, a line each. NULL: none. The three columns
-- they had are empty since.
ALTER TABLE agent ADD COLUMN sealed {blob} NULL;

-- Each move along an arrow of A4 (core/agent_state.h). cause: for people, where the arrow alone does not say it.
CREATE TABLE agent_move (
    id {id},
    agent_id BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    from_state VARCHAR(16) NOT NULL,
    to_state VARCHAR(16) NOT NULL,
    event VARCHAR(16) NOT NULL,
    cause VARCHAR(127) NOT NULL
) {table};
CREATE INDEX agent_move_agent ON agent_move (agent_id, id);

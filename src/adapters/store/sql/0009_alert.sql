-- Alerts as core/alert.h moves them; a row comes with the first look at which one was not quite well.
CREATE TABLE alert (
    name VARCHAR(48) NOT NULL PRIMARY KEY,
    since_ms BIGINT NOT NULL,
    raised_at_ms BIGINT NOT NULL,
    well_since_ms BIGINT NOT NULL,
    told_at_ms BIGINT NOT NULL,
    told_count BIGINT NOT NULL,
    size_count BIGINT NOT NULL,
    told_size_count BIGINT NOT NULL,
    resolved_at_ms BIGINT NOT NULL,
    detail VARCHAR(240) NOT NULL
) {clustered};

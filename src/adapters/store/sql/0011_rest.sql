-- Rests that sellers had (core/rest.h), a row for each that ever had one.
CREATE TABLE seller_rest (
    seller_id VARCHAR(64) NOT NULL PRIMARY KEY,
    is_resting INTEGER NOT NULL,
    since_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    revision BIGINT NOT NULL
) {clustered};
CREATE INDEX seller_rest_now ON seller_rest (is_resting) {only(is_resting = 1)};

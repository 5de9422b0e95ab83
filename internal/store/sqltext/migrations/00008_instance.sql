-- The audit of the instance: one chain over all organisations. It has one head.
CREATE TABLE instance_heads (
    id   BIGINT NOT NULL,
    seq  BIGINT NOT NULL,
    hash {{bytes}} NOT NULL,
    PRIMARY KEY (id)
){{clustered}};

CREATE TABLE instance_actions (
    seq        BIGINT NOT NULL,
    org        {{text}} NOT NULL,
    type       {{text}} NOT NULL,
    source     {{text}} NOT NULL,
    credential {{text}} NOT NULL,
    operator   {{text}} NOT NULL,
    session    {{text}} NOT NULL,
    account    {{text}} NOT NULL,
    at         BIGINT NOT NULL,
    details    {{text}} NOT NULL,
    prev_hash  {{bytes}} NOT NULL,
    hash       {{bytes}} NOT NULL,
    PRIMARY KEY (seq)
){{clustered}};

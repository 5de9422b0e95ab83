CREATE TABLE checks (
    org        {{text}} NOT NULL REFERENCES organisations (org),
    id         {{text}} NOT NULL,
    technology {{text}} NOT NULL,
    state      {{text}} NOT NULL,
    reasons    {{text}} NOT NULL,
    sealed     {{bytes}},
    attempts   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE INDEX checks_expiry ON checks (expires_at);

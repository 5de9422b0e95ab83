-- Codes that providers were asked to send. Receivers are keyed hashes.
CREATE TABLE codes (
    org      {{text}} NOT NULL REFERENCES organisations (org),
    receiver {{bytes}} NOT NULL,
    seq      BIGINT NOT NULL,
    sent_at  BIGINT NOT NULL,
    PRIMARY KEY (org, receiver, seq)
){{clustered}};
CREATE INDEX codes_sent ON codes (sent_at);

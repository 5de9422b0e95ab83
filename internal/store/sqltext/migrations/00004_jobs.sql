CREATE TABLE jobs (
    org        {{text}} NOT NULL REFERENCES organisations (org),
    kind       {{text}} NOT NULL,
    key        {{text}} NOT NULL,
    in_group   {{text}} NOT NULL,
    turn       BIGINT NOT NULL,
    state      {{text}} NOT NULL,
    sealed     {{bytes}},
    attempts   BIGINT NOT NULL,
    epoch      BIGINT NOT NULL,
    fault      {{text}} NOT NULL,
    due_at     BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (org, kind, key)
){{clustered}};
CREATE INDEX jobs_state ON jobs (org, state, created_at);
CREATE INDEX jobs_group ON jobs (org, in_group, turn) WHERE in_group <> '';
CREATE INDEX jobs_due ON jobs (kind, due_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_dead ON jobs (kind, due_at) WHERE state = 'dead';
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE state IN ('done', 'discarded');

CREATE TABLE webhooks (
    org           {{text}} NOT NULL REFERENCES organisations (org),
    id            {{text}} NOT NULL,
    flow          {{text}} NOT NULL,
    url_sealed    {{bytes}} NOT NULL,
    secret_sealed {{bytes}} NOT NULL,
    enabled       BOOLEAN NOT NULL,
    reason        {{text}} NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE INDEX webhooks_flow ON webhooks (org, flow, id);

-- One line per flow that has webhooks; it is locked while one is added.
CREATE TABLE webhook_flows (
    org  {{text}} NOT NULL REFERENCES organisations (org),
    flow {{text}} NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (org, flow)
){{clustered}};

CREATE TABLE webhook_events (
    org        {{text}} NOT NULL REFERENCES organisations (org),
    id         {{text}} NOT NULL,
    flow       {{text}} NOT NULL,
    session    {{text}} NOT NULL,
    data_key   {{text}} NOT NULL,
    name       {{text}} NOT NULL,
    sealed     {{bytes}} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE INDEX webhook_events_created ON webhook_events (created_at);
CREATE INDEX webhook_events_session ON webhook_events (org, session, id);

CREATE TABLE webhook_deliveries (
    org     {{text}} NOT NULL REFERENCES organisations (org),
    id      {{text}} NOT NULL,
    webhook {{text}} NOT NULL,
    event   {{text}} NOT NULL,
    name    {{text}} NOT NULL,
    attempt BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    status  BIGINT NOT NULL,
    took    BIGINT NOT NULL,
    fault   {{text}} NOT NULL,
    sealed  {{bytes}},
    PRIMARY KEY (org, id)
){{clustered}};
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (org, webhook, at, id);
CREATE INDEX webhook_deliveries_at ON webhook_deliveries (at);

CREATE TABLE flows (
    org             {{text}} NOT NULL REFERENCES organisations (org),
    id              {{text}} NOT NULL,
    name            {{text}} NOT NULL,
    technologies    {{text}} NOT NULL,
    config          {{text}} NOT NULL,
    credential      {{text}} NOT NULL,
    session_seconds BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, credential) REFERENCES credentials (org, id)
){{clustered}};
CREATE UNIQUE INDEX flows_name ON flows (org, name) WHERE deleted_at = 0;
CREATE INDEX flows_credential ON flows (org, credential);

-- Metadata is sealed under the session's own key, as are memo and result of
-- its steps. The identifier is unique over all organisations: it opens the
-- session by itself.
CREATE TABLE sessions (
    org            {{text}} NOT NULL,
    id             {{text}} NOT NULL,
    flow           {{text}} NOT NULL,
    flow_name      {{text}} NOT NULL,
    state          {{text}} NOT NULL,
    demo           BOOLEAN NOT NULL,
    locale         {{text}} NOT NULL,
    attempts       BIGINT NOT NULL,
    config         {{text}} NOT NULL,
    sealed         {{bytes}},
    person         {{text}} NOT NULL,
    data_key       {{text}} NOT NULL,
    failure_type   {{text}} NOT NULL,
    failure_detail {{text}} NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (org, id),
    FOREIGN KEY (org, flow) REFERENCES flows (org, id)
){{clustered}};
CREATE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_created ON sessions (org, created_at, id);
CREATE INDEX sessions_overdue ON sessions (expires_at) WHERE ended_at = 0;

CREATE TABLE session_steps (
    org            {{text}} NOT NULL,
    session        {{text}} NOT NULL,
    position       BIGINT NOT NULL,
    technology     {{text}} NOT NULL,
    state          {{text}} NOT NULL,
    attempts       BIGINT NOT NULL,
    memo           {{bytes}},
    memo_until     BIGINT NOT NULL,
    result         {{bytes}},
    failure_type   {{text}} NOT NULL,
    failure_detail {{text}} NOT NULL,
    copied         {{text}} NOT NULL,
    started_at     BIGINT NOT NULL,
    ended_at       BIGINT NOT NULL,
    PRIMARY KEY (org, session, position),
    FOREIGN KEY (org, session) REFERENCES sessions (org, id)
){{clustered}};

CREATE TABLE person_sessions (
    org     {{text}} NOT NULL,
    person  {{text}} NOT NULL,
    session {{text}} NOT NULL,
    role    {{text}} NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (org, person, session),
    FOREIGN KEY (org, person) REFERENCES persons (org, id),
    FOREIGN KEY (org, session) REFERENCES sessions (org, id)
){{clustered}};
CREATE INDEX person_sessions_session ON person_sessions (org, session);

CREATE TABLE collections (
    org        {{text}} NOT NULL,
    session    {{text}} NOT NULL,
    state      {{text}} NOT NULL,
    reason     {{text}} NOT NULL,
    person     {{text}} NOT NULL,
    hits       {{text}} NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    PRIMARY KEY (org, session),
    FOREIGN KEY (org, session) REFERENCES sessions (org, id)
){{clustered}};
CREATE INDEX collections_created ON collections (org, created_at, session);

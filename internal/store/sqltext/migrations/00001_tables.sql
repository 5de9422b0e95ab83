-- Times are microseconds since 1970, UTC; 0 stands for "never". Every key and
-- every reference begins with the organisation, so that no row can point into
-- another one.

CREATE TABLE organisations (
    org        {{text}} NOT NULL,
    name       {{text}} NOT NULL,
    settings   {{text}} NOT NULL,
    created_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (org)
){{clustered}};

CREATE TABLE persons (
    org            {{text}} NOT NULL REFERENCES organisations (org),
    id             {{text}} NOT NULL,
    verified       BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL,
    created_source {{text}} NOT NULL,
    updated_at     BIGINT NOT NULL,
    deleted_at     BIGINT NOT NULL,
    erased_at      BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    data_key       {{text}} NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE INDEX persons_created ON persons (org, created_at, id);
CREATE INDEX persons_updated ON persons (org, updated_at, id);

-- Value and norm are sealed together; blind is the keyed hash of the norm.
-- Byte-exact uniqueness among live persons stands on aliases_live.
CREATE TABLE aliases (
    org        {{text}} NOT NULL,
    person     {{text}} NOT NULL,
    id         {{text}} NOT NULL,
    type       {{text}} NOT NULL,
    blind      {{bytes}} NOT NULL,
    sealed     {{bytes}} NOT NULL,
    source     {{text}} NOT NULL,
    live       BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, person, id),
    FOREIGN KEY (org, person) REFERENCES persons (org, id)
){{clustered}};
CREATE UNIQUE INDEX aliases_live ON aliases (org, type, blind) WHERE live;
CREATE INDEX aliases_freed ON aliases (org, type, blind) WHERE live = FALSE;

CREATE TABLE photos (
    org        {{text}} NOT NULL,
    person     {{text}} NOT NULL,
    id         {{text}} NOT NULL,
    type       {{text}} NOT NULL,
    is_default BOOLEAN NOT NULL,
    blob       {{text}} NOT NULL,
    digest     {{bytes}} NOT NULL,
    mime       {{text}} NOT NULL,
    width      BIGINT NOT NULL,
    height     BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    face_code  {{text}} NOT NULL,
    quality    DOUBLE PRECISION NOT NULL,
    entry_seq  BIGINT NOT NULL,
    source     {{text}} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, person, id),
    FOREIGN KEY (org, person) REFERENCES persons (org, id)
){{clustered}};
CREATE UNIQUE INDEX photos_default ON photos (org, person) WHERE is_default;

CREATE TABLE action_heads (
    org  {{text}} NOT NULL REFERENCES organisations (org),
    seq  BIGINT NOT NULL,
    hash {{bytes}} NOT NULL,
    PRIMARY KEY (org)
){{clustered}};

CREATE TABLE actions (
    org        {{text}} NOT NULL REFERENCES action_heads (org),
    seq        BIGINT NOT NULL,
    person     {{text}} NOT NULL,
    type       {{text}} NOT NULL,
    source     {{text}} NOT NULL,
    credential {{text}} NOT NULL,
    operator   {{text}} NOT NULL,
    session    {{text}} NOT NULL,
    at         BIGINT NOT NULL,
    details    {{text}} NOT NULL,
    prev_hash  {{bytes}} NOT NULL,
    hash       {{bytes}} NOT NULL,
    PRIMARY KEY (org, seq)
){{clustered}};
CREATE INDEX actions_person ON actions (org, person, seq);

CREATE TABLE subscriptions (
    org          {{text}} NOT NULL REFERENCES organisations (org),
    id           {{text}} NOT NULL,
    technology   {{text}} NOT NULL,
    status       {{text}} NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    total        BIGINT NOT NULL,
    remaining    BIGINT NOT NULL,
    purchased_at BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};

CREATE TABLE gallery_heads (
    org   {{text}} NOT NULL REFERENCES organisations (org),
    model {{text}} NOT NULL,
    seq   BIGINT NOT NULL,
    hash  {{bytes}} NOT NULL,
    PRIMARY KEY (org, model)
){{clustered}};

CREATE TABLE gallery_log (
    org       {{text}} NOT NULL,
    model     {{text}} NOT NULL,
    seq       BIGINT NOT NULL,
    op        {{text}} NOT NULL,
    ref       BIGINT NOT NULL,
    set_name  {{text}} NOT NULL,
    subject   {{text}} NOT NULL,
    sample    {{text}} NOT NULL,
    digest    {{bytes}} NOT NULL,
    at        BIGINT NOT NULL,
    prev_hash {{bytes}} NOT NULL,
    hash      {{bytes}} NOT NULL,
    PRIMARY KEY (org, model, seq),
    FOREIGN KEY (org, model) REFERENCES gallery_heads (org, model)
){{clustered}};

-- Templates stand beside the log because an erasure removes them and the log
-- never changes.
CREATE TABLE gallery_templates (
    org    {{text}} NOT NULL,
    model  {{text}} NOT NULL,
    seq    BIGINT NOT NULL,
    sealed {{bytes}} NOT NULL,
    PRIMARY KEY (org, model, seq),
    FOREIGN KEY (org, model, seq) REFERENCES gallery_log (org, model, seq)
){{clustered}};

CREATE TABLE gallery_pending (
    org      {{text}} NOT NULL,
    model    {{text}} NOT NULL,
    seq      BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    epoch    BIGINT NOT NULL,
    PRIMARY KEY (org, model, seq),
    FOREIGN KEY (org, model, seq) REFERENCES gallery_log (org, model, seq)
){{clustered}};

CREATE TABLE credentials (
    org         {{text}} NOT NULL REFERENCES organisations (org),
    id          {{text}} NOT NULL,
    kind        {{text}} NOT NULL,
    name        {{text}} NOT NULL,
    hint        {{text}} NOT NULL,
    permissions {{text}} NOT NULL,
    hash        {{bytes}} NOT NULL,
    sealed      {{bytes}},
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    revoked_at  BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE UNIQUE INDEX credentials_hash ON credentials (org, hash);
CREATE INDEX credentials_sign_in ON credentials (hash);

CREATE TABLE operators (
    org           {{text}} NOT NULL REFERENCES organisations (org),
    id            {{text}} NOT NULL,
    email_sealed  {{bytes}} NOT NULL,
    email_blind   {{bytes}} NOT NULL,
    password_hash {{text}} NOT NULL,
    role          {{text}} NOT NULL,
    created_at    BIGINT NOT NULL,
    disabled_at   BIGINT NOT NULL,
    PRIMARY KEY (org, id)
){{clustered}};
CREATE UNIQUE INDEX operators_email ON operators (org, email_blind);
CREATE INDEX operators_sign_in ON operators (email_blind);

CREATE TABLE idempotency (
    org        {{text}} NOT NULL REFERENCES organisations (org),
    key        {{text}} NOT NULL,
    request    {{bytes}} NOT NULL,
    status     BIGINT NOT NULL,
    sealed     {{bytes}},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org, key)
){{clustered}};
CREATE INDEX idempotency_created ON idempotency (created_at);

-- When what is kept of a session was erased; 0 for never.
ALTER TABLE sessions ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;

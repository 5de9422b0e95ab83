-- From where sessions were run: addresses and user agents, sealed under the
-- session's own key.
ALTER TABLE sessions ADD COLUMN visits {{bytes}};

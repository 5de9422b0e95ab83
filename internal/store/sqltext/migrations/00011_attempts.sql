-- The attempts at a step that have no result yet: JSON, or nothing.
ALTER TABLE session_steps ADD COLUMN running {{text}} NOT NULL DEFAULT '';

-- Whether a webhook is told what became of the persons of sessions.
ALTER TABLE webhooks ADD COLUMN person_events BOOLEAN NOT NULL DEFAULT FALSE;

-- The audit and the gallery log are only ever added to. The insert triggers
-- stop INSERT OR REPLACE, which deletes without firing a delete trigger.

CREATE TRIGGER actions_no_update BEFORE UPDATE ON actions
BEGIN SELECT RAISE(ABORT, 'rows of actions are immutable'); END;

CREATE TRIGGER actions_no_delete BEFORE DELETE ON actions
BEGIN SELECT RAISE(ABORT, 'rows of actions are immutable'); END;

CREATE TRIGGER actions_no_replace BEFORE INSERT ON actions
WHEN EXISTS (SELECT 1 FROM actions WHERE org = NEW.org AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'rows of actions are immutable'); END;

CREATE TRIGGER gallery_log_no_update BEFORE UPDATE ON gallery_log
BEGIN SELECT RAISE(ABORT, 'rows of gallery_log are immutable'); END;

CREATE TRIGGER gallery_log_no_delete BEFORE DELETE ON gallery_log
BEGIN SELECT RAISE(ABORT, 'rows of gallery_log are immutable'); END;

CREATE TRIGGER gallery_log_no_replace BEFORE INSERT ON gallery_log
WHEN EXISTS (SELECT 1 FROM gallery_log WHERE org = NEW.org AND model = NEW.model AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'rows of gallery_log are immutable'); END;

CREATE TRIGGER instance_actions_no_update BEFORE UPDATE ON instance_actions
BEGIN SELECT RAISE(ABORT, 'rows of instance_actions are immutable'); END;

CREATE TRIGGER instance_actions_no_delete BEFORE DELETE ON instance_actions
BEGIN SELECT RAISE(ABORT, 'rows of instance_actions are immutable'); END;

CREATE TRIGGER instance_actions_no_replace BEFORE INSERT ON instance_actions
WHEN EXISTS (SELECT 1 FROM instance_actions WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'rows of instance_actions are immutable'); END;

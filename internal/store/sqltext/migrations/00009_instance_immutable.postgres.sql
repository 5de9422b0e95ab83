CREATE TRIGGER instance_actions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON instance_actions
    FOR EACH STATEMENT EXECUTE FUNCTION idem_refuse_change();

-- The audit and the gallery log are only ever added to. Statement triggers also
-- stop a change that would meet no row.

CREATE FUNCTION idem_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are immutable', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER actions_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON actions
    FOR EACH STATEMENT EXECUTE FUNCTION idem_refuse_change();

CREATE TRIGGER gallery_log_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON gallery_log
    FOR EACH STATEMENT EXECUTE FUNCTION idem_refuse_change();

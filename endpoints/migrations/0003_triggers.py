"""The database itself keeps the record: events and reviews are append-only, reviewed words never change.

A trigger refuses what no code path of the portal does; a mistake in code, or a hand in psql, meets it too.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON endpoints_event
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON endpoints_event
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER review_append_only BEFORE UPDATE OR DELETE ON endpoints_review
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER review_no_truncate BEFORE TRUNCATE ON endpoints_review
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();

CREATE FUNCTION portal_same_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'endpoints_change' THEN
        IF (NEW.request_id, NEW.round, NEW.position, NEW.action, NEW.spec, NEW.spec_hash, NEW.meaning)
           IS DISTINCT FROM (OLD.request_id, OLD.round, OLD.position, OLD.action, OLD.spec, OLD.spec_hash, OLD.meaning) THEN
            RAISE EXCEPTION 'a change is immutable once submitted' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSE
        IF (NEW.endpoint_id, NEW.number, NEW.document, NEW.document_sha256, NEW.author_id, NEW.proposed_at)
           IS DISTINCT FROM
           (OLD.endpoint_id, OLD.number, OLD.document, OLD.document_sha256, OLD.author_id, OLD.proposed_at) THEN
            RAISE EXCEPTION 'a policy revision is immutable' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER change_same_words BEFORE UPDATE ON endpoints_change
    FOR EACH ROW EXECUTE FUNCTION portal_same_words();
CREATE TRIGGER change_no_delete BEFORE DELETE ON endpoints_change
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER policy_revision_same_words BEFORE UPDATE ON endpoints_policyrevision
    FOR EACH ROW EXECUTE FUNCTION portal_same_words();
CREATE TRIGGER policy_revision_no_delete BEFORE DELETE ON endpoints_policyrevision
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();

ALTER TABLE endpoints_policyrevision ADD CONSTRAINT policy_revision_hash_of_document
    CHECK (document_sha256 = encode(sha256(convert_to(document, 'UTF8')), 'hex'));
"""

BACKWARD = """
ALTER TABLE endpoints_policyrevision DROP CONSTRAINT policy_revision_hash_of_document;
DROP TRIGGER policy_revision_no_delete ON endpoints_policyrevision;
DROP TRIGGER policy_revision_same_words ON endpoints_policyrevision;
DROP TRIGGER change_no_delete ON endpoints_change;
DROP TRIGGER change_same_words ON endpoints_change;
DROP FUNCTION portal_same_words();
DROP TRIGGER review_no_truncate ON endpoints_review;
DROP TRIGGER review_append_only ON endpoints_review;
DROP TRIGGER event_no_truncate ON endpoints_event;
DROP TRIGGER event_append_only ON endpoints_event;
DROP FUNCTION portal_append_only();
"""


class Migration(migrations.Migration):
    """Add the triggers."""

    dependencies = [("endpoints", "0002_tables")]
    replaces = [("endpoints", "0002_append_only")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

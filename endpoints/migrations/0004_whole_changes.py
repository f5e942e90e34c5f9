"""Of a change and a revision all that was reviewed stays, not only the spec and the text; and neither table is emptied.

What a worker and the record write later is left free: a new endpoint's row, the statuses, who approved and when.
"""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION portal_same_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'endpoints_change' THEN
        IF (NEW.request_id, NEW.round, NEW.position, NEW.action, NEW.region, NEW.vpc_id, NEW.service_name,
            NEW.vpc_endpoint_type, NEW.spec, NEW.spec_hash, NEW.base_generation, NEW.base_spec, NEW.adopts, NEW.after,
            NEW.policy_revision_id, NEW.meaning)
           IS DISTINCT FROM
           (OLD.request_id, OLD.round, OLD.position, OLD.action, OLD.region, OLD.vpc_id, OLD.service_name,
            OLD.vpc_endpoint_type, OLD.spec, OLD.spec_hash, OLD.base_generation, OLD.base_spec, OLD.adopts, OLD.after,
            OLD.policy_revision_id, OLD.meaning)
           -- Only a new endpoint's row comes later, and once.
           OR (OLD.endpoint_id IS NOT NULL AND NEW.endpoint_id IS DISTINCT FROM OLD.endpoint_id) THEN
            RAISE EXCEPTION 'a change is immutable once submitted' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSE
        IF (NEW.endpoint_id, NEW.number, NEW.document, NEW.document_sha256, NEW.is_default, NEW.author_id, NEW.reason,
            NEW.restores_id, NEW.proposed_at)
           IS DISTINCT FROM
           (OLD.endpoint_id, OLD.number, OLD.document, OLD.document_sha256, OLD.is_default, OLD.author_id, OLD.reason,
            OLD.restores_id, OLD.proposed_at) THEN
            RAISE EXCEPTION 'a policy revision is immutable' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER change_no_truncate BEFORE TRUNCATE ON endpoints_change
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER policy_revision_no_truncate BEFORE TRUNCATE ON endpoints_policyrevision
    FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
"""

BACKWARD = """
DROP TRIGGER policy_revision_no_truncate ON endpoints_policyrevision;
DROP TRIGGER change_no_truncate ON endpoints_change;

CREATE OR REPLACE FUNCTION portal_same_words() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    """Extend the triggers."""

    dependencies = [("endpoints", "0003_triggers")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]

"""Protected accounts, the second reviewer, and what a change of policy means, kept with the change.

What a change means decides whether one reviewer is enough: like its words, it never changes afterwards.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SAME_WORDS = """
CREATE OR REPLACE FUNCTION portal_same_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'endpoints_change' THEN
        IF (NEW.request_id, NEW.round, NEW.position, NEW.action, NEW.spec, NEW.spec_hash{new})
           IS DISTINCT FROM (OLD.request_id, OLD.round, OLD.position, OLD.action, OLD.spec, OLD.spec_hash{old}) THEN
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

    dependencies = [
        ('endpoints', '0008_survey'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='review',
            name='review_decides_a_round_once',
        ),
        migrations.AddField(
            model_name='account',
            name='protected',
            field=models.BooleanField(default=False, help_text='No endpoint with full access, and a second reviewer for a policy that allows more than before.'),
        ),
        migrations.AddField(
            model_name='change',
            name='meaning',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='endpointrequest',
            name='approvals_needed',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='endpointrequest',
            name='endorsed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='endpointrequest',
            name='endorsed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='endorsed_requests', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='endpointrequest',
            name='endorsed_hash',
            field=models.CharField(blank=True, max_length=64, null=True),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(('approvals_needed__gte', 1), ('approvals_needed__lte', 2)), name='request_one_or_two_approvals'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('endorsed_at__isnull', True), ('endorsed_by__isnull', True), ('endorsed_hash__isnull', True)), models.Q(('endorsed_at__isnull', False), ('endorsed_by__isnull', False), ('endorsed_hash__isnull', False)), _connector='OR'), name='request_endorsement_who_when_what'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(('endorsed_hash__isnull', True), ('endorsed_hash', models.F('content_hash')), _connector='OR'), name='request_endorsed_as_reviewed'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(('endorsed_by__isnull', True), models.Q(('endorsed_by', models.F('requester')), _negated=True), _connector='OR'), name='request_not_self_endorsed'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(('endorsed_by__isnull', True), ('approved_by__isnull', True), models.Q(('endorsed_by', models.F('approved_by')), _negated=True), _connector='OR'), name='request_two_different_reviewers'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('approved', 'provisioning', 'pending_acceptance', 'available', 'deleted', 'failed')), _negated=True), ('approvals_needed', 1), ('endorsed_by__isnull', False), _connector='OR'), name='request_approved_states_need_second'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', 'approved'), _negated=True), fields=('request', 'round'), name='review_refuses_a_round_once'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', 'approved')), fields=('request', 'round', 'reviewer'), name='review_approves_a_round_once_each'),
        ),
        migrations.RunSQL(
            SAME_WORDS.format(new=', NEW.meaning', old=', OLD.meaning'), SAME_WORDS.format(new='', old='')
        ),
    ]

"""Attempts as records, parking, and what finds the operations that need a person."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models.functions import Coalesce


def since_when(apps: Any, schema_editor: Any) -> None:
    """Give what is in the tables the best moments known: an observer must not take old work for new, nor the reverse."""
    rows = apps.get_model("endpoints", "Operation").objects
    rows.update(updated_at=Coalesce("finished_at", "called_at", "created_at"))
    rows.filter(status="observing").update(in_flight_since=Coalesce("called_at", "created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('endpoints', '0005_pacing'),
    ]

    operations = [
        migrations.CreateModel(
            name='OperationAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('fence', models.PositiveBigIntegerField()),
                ('worker', models.CharField(max_length=80)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('handed_over', 'Handed over to the observer'), ('postponed', 'Postponed'), ('throttled', 'Throttled'), ('refused', 'Refused'), ('gave_up', 'Gave up'), ('parked', 'Parked'), ('lease_lost', 'Lease lost'), ('worker_died', 'No outcome: the worker died')], default='', max_length=16)),
                ('error_code', models.CharField(blank=True, default='', max_length=120)),
                ('message', models.TextField(blank=True, default='')),
                ('aws_request_id', models.CharField(blank=True, default='', max_length=80)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='endpoint',
            name='endpoint_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='endpointrequest',
            name='request_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='operation',
            name='operation_status_known',
        ),
        migrations.RemoveConstraint(
            model_name='operation',
            name='operation_one_at_a_time_per_endpoint',
        ),
        migrations.AddField(
            model_name='operation',
            name='in_flight_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='park_reason',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='operation',
            name='parked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='parked_by',
            field=models.CharField(blank=True, default='', max_length=150),
        ),
        migrations.AddField(
            model_name='operation',
            name='updated_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AlterField(
            model_name='endpoint',
            name='status',
            field=models.CharField(choices=[('provisioning', 'Provisioning'), ('pending_acceptance', 'Waiting for the service owner'), ('available', 'Available'), ('updating', 'Updating'), ('deleting', 'Deleting'), ('failed', 'Needs attention'), ('parked', 'Parked by an operator'), ('deleted', 'Deleted'), ('discarded', 'Never created')], db_index=True, default='provisioning', max_length=24),
        ),
        migrations.AlterField(
            model_name='endpointrequest',
            name='status',
            field=models.CharField(choices=[('submitted', 'Waiting for review'), ('changes_requested', 'Changes requested'), ('approved', 'Approved'), ('provisioning', 'Provisioning'), ('pending_acceptance', 'Waiting for the service owner'), ('available', 'Available'), ('deleted', 'Deleted'), ('failed', 'Needs attention'), ('parked', 'Parked by an operator'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], db_index=True, default='submitted', max_length=24),
        ),
        migrations.AlterField(
            model_name='operation',
            name='status',
            field=models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('observing', 'Observing'), ('waiting_acceptance', 'Waiting for the service owner'), ('failed', 'Needs attention'), ('parked', 'Parked'), ('succeeded', 'Succeeded'), ('cancelled', 'Cancelled')], default='queued', max_length=24),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status__in', ('failed', 'parked'))), fields=['status'], name='operation_needs_person'),
        ),
        migrations.AddIndex(
            model_name='operation',
            index=models.Index(condition=models.Q(('status', 'observing')), fields=['in_flight_since'], name='operation_stuck'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['provisioning', 'pending_acceptance', 'available', 'updating', 'deleting', 'failed', 'parked', 'deleted', 'discarded'])), name='endpoint_status_known'),
        ),
        migrations.AddConstraint(
            model_name='endpointrequest',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['submitted', 'changes_requested', 'approved', 'provisioning', 'pending_acceptance', 'available', 'deleted', 'failed', 'parked', 'rejected', 'withdrawn'])), name='request_status_known'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'running', 'observing', 'waiting_acceptance', 'failed', 'parked', 'succeeded', 'cancelled'])), name='operation_status_known'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('park_reason', ''), ('parked_at__isnull', True), ('parked_by', ''), models.Q(('status', 'parked'), _negated=True)), models.Q(('parked_at__isnull', False), models.Q(('parked_by', ''), _negated=True), models.Q(('park_reason', ''), _negated=True)), _connector='OR'), name='operation_parked_who_when_why'),
        ),
        migrations.AddConstraint(
            model_name='operation',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running', 'observing', 'waiting_acceptance', 'parked'])), fields=('endpoint',), name='operation_one_at_a_time_per_endpoint'),
        ),
        migrations.AddField(
            model_name='operationattempt',
            name='operation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempt_records', to='endpoints.operation'),
        ),
        migrations.AddConstraint(
            model_name='operationattempt',
            constraint=models.UniqueConstraint(fields=('operation', 'number'), name='attempt_number_once'),
        ),
        migrations.AddConstraint(
            model_name='operationattempt',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('operation',), name='attempt_one_open_per_operation'),
        ),
        migrations.AddConstraint(
            model_name='operationattempt',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('outcome', '')), models.Q(('finished_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='attempt_ended_when_how'),
        ),
        migrations.RunPython(since_when, migrations.RunPython.noop),
    ]

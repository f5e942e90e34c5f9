"""The migrations and the databases that were made before they were folded into three."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db

FORMER = (
    *("0001_initial", "0002_append_only", "0003_more_kinds_of_change", "0004_account_checks", "0005_pacing"),
    *("0006_operator", "0007_waiting_and_missing", "0008_survey", "0009_second_reviewer", "0010_saved_simulations"),
    *("0011_evidence_of_use", "0012_whole_network", "0013_bundle"),
)


def test_a_database_that_has_the_former_migrations_goes_on_with_the_later_ones() -> None:
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="endpoints").delete()
    for name in FORMER:
        recorder.record_applied("endpoints", name)
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    assert not {"0001_people", "0002_tables", "0003_triggers"} & {migration.name for migration, _ in plan}

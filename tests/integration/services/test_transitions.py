"""The one function that changes a status: what the tables don't allow it refuses, and then all stays as it was."""

from __future__ import annotations

import pytest
from django.utils import timezone

from endpoints.domain.lifecycle import Actor
from endpoints.models import Endpoint, EndpointRequest, Event, Operation, PolicyRevision
from endpoints.services import transitions
from endpoints.services.actors import WORKER
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [EndpointRequest, Endpoint, PolicyRevision, Operation])
def test_no_kind_of_actor_makes_a_transition_that_the_table_gives_to_others(model: type[transitions.Stateful]) -> None:
    account = factories.make_account()
    request = factories.submitted(account, factories.make_engineer())
    factories.approved(request, factories.make_approver(account))
    row = model.objects.get()
    before, told, tried = model.objects.values().get(), Event.objects.count(), 0
    for transition in transitions.LIFECYCLES[model].allowed_from(row.status):
        for actor in set(Actor) - transition.who:
            tried += 1
            with pytest.raises(PermissionError, match="is not for a"):
                transitions.apply(to=row, transition=transition.name, acting_as=actor, who=WORKER, now=timezone.now())
    assert tried
    assert (model.objects.values().get(), Event.objects.count()) == (before, told)

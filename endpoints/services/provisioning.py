"""Bringing AWS to what was approved: claim, look, plan, act, hand over to the observer.

Intent is committed before a call and the outcome after it, never a transaction across the call. A crash anywhere
leaves a row that the sweeper finds; whoever takes it up looks first, by id or by the ownership tag, and then
repeats the create with the same token and the very parameters that were stored.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from endpoints.aws import AwsError, Ec2Gateway, Kind
from endpoints.aws.gateway import create_parameters
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import Action, CreateEndpoint, DeleteEndpoint, plan
from endpoints.domain.specs import EndpointSpec
from endpoints.models import AccountRegion, Endpoint, InventoryItem, Operation
from endpoints.models.inventory import InventoryKind
from endpoints.models.requests import ChangeAction
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.queue import wake_observer
from endpoints.services import attempts, events, outcomes, parking, policies
from endpoints.services.leases import Claim, LeaseLost, ParkAsked, claim, worker_name, write
from endpoints.services.targets import gateway

OWNERSHIP_TAG = "portal:operation"

log = logging.getLogger(__name__)


def run(*, operation_id: UUID, owner: str | None = None) -> bool:
    """Take up an operation if it is due; tell whether this call did. Every failure ends in the operation's row."""
    held = claim(operation_id, owner=owner or worker_name())
    if held is None:
        return False
    operation = Operation.objects.select_related("change", "request", "endpoint", "account").get(pk=operation_id)
    try:
        if operation.attempts > outcomes.MAX_ATTEMPTS:
            raise _worn_out()
        outcomes.started(operation, now=timezone.now())
        _work(operation, held)
    except AwsError as error:
        _settle_error(operation, held, error)
    except ParkAsked:
        _park(operation, held)
    except LeaseLost:
        _lost(held)
    except Exception as error:
        # Whatever it is, the operation must not stay claimed and silent: it is tried again, and in the end shown.
        log.exception("operation %s failed inside the portal", operation_id)
        _settle_error(operation, held, _unforeseen(error))
    return True


def _worn_out() -> AwsError:
    """Return the end of an operation whose workers died again and again before they could say why."""
    return AwsError(
        code="WorkersDied",
        message=f"More than {outcomes.MAX_ATTEMPTS} attempts ended without an outcome.",
        kind=Kind.REFUSED,
        cure="Ask an operator to read the workers' logs, then retry.",
    )


def _unforeseen(error: Exception) -> AwsError:
    return AwsError(
        code=f"Portal.{type(error).__name__}",
        message=str(error) or "An error inside the portal.",
        kind=Kind.TRANSIENT,
        cure="Ask an operator to read the workers' logs, then retry.",
    )


def _work(operation: Operation, held: Claim) -> None:
    client = gateway(operation.account, operation.region)
    observed = find(operation, client)
    if observed is not None and operation.endpoint.vpc_endpoint_id is None:
        _record_created(operation, held, observed, request_id="")
    request_id = ""
    for action in next_actions(operation, observed):
        request_id = _carry_out(action, operation, held, client)
    now = timezone.now()
    with events.recorded(events.chain_of(operation.account)):
        write(held)  # raises LeaseLost before anything is changed
        outcomes.hand_over(operation, request_id=request_id, now=now)
        parking.as_asked(operation=operation, now=now)
        region = AccountRegion.objects.get(account=operation.account, region=operation.region)
        wake_observer(region.pk)


def find(operation: Operation, client: Ec2Gateway) -> ObservedEndpoint | None:
    """Return the endpoint as AWS has it now: by its id, or, when a create may have happened, by the ownership tag."""
    endpoint = operation.endpoint
    if endpoint.vpc_endpoint_id:
        return client.describe_vpc_endpoint(endpoint.vpc_endpoint_id)
    if operation.action == ChangeAction.CREATE and operation.intent_at is not None:
        found = client.find_by_tag(OWNERSHIP_TAG, str(operation.pk))
        return next((item for item in found if item.state not in ("deleting", "deleted")), None)
    return None


def next_actions(operation: Operation, observed: ObservedEndpoint | None) -> tuple[Action, ...]:
    """Return what is still to be done for an operation, given what AWS has."""
    if operation.action == ChangeAction.DELETE:
        return plan(desired=None, observed=observed, same_policy=policies.same_policy, full_access=FULL_ACCESS)
    if observed is None and operation.endpoint.vpc_endpoint_id:
        raise AwsError(
            code="InvalidVpcEndpointId.NotFound",
            message=f"AWS doesn't know {operation.endpoint.vpc_endpoint_id}.",
            kind=Kind.NOT_FOUND,
            cure="If it was deleted outside of the portal, withdraw this request and ask for a new endpoint.",
        )
    return plan(
        desired=operation.change.desired(),
        observed=observed,
        same_policy=policies.same_policy,
        full_access=FULL_ACCESS,
        private_dns_allowed=observed is not None and observed.state == "available",
    )


def _carry_out(action: Action, operation: Operation, held: Claim, client: Ec2Gateway) -> str:
    if isinstance(action, CreateEndpoint):
        return _create(action.spec, operation, held, client)
    write(held, before_call=True, called_at=timezone.now())
    if isinstance(action, DeleteEndpoint):
        return client.delete_vpc_endpoint(action.vpc_endpoint_id)
    if action.policy_document is not None:
        action = replace(action, policy_document=policies.wire_text(action.policy_document))
    return client.modify_vpc_endpoint(action)


def _create(spec: EndpointSpec, operation: Operation, held: Claim, client: Ec2Gateway) -> str:
    parameters = operation.intent or _parameters(spec, operation)
    now = timezone.now()
    write(held, before_call=True, intent=parameters, intent_at=operation.intent_at or now, called_at=now)
    created = client.create_vpc_endpoint(parameters)
    _record_created(operation, held, created.endpoint, request_id=created.request_id)
    return created.request_id


def _parameters(spec: EndpointSpec, operation: Operation) -> dict[str, Any]:
    if spec.private_dns_enabled and _acceptance_required(spec):
        spec = replace(spec, private_dns_enabled=False)  # AWS refuses it until accepted; the observer adds it then
    if spec.policy_document is not None:
        spec = replace(spec, policy_document=policies.wire_text(spec.policy_document))
    tags = {
        OWNERSHIP_TAG: str(operation.pk),
        "portal:request": operation.request.reference,
        "portal:team": operation.endpoint.owner_team.slug,
        **({"Name": spec.name} if spec.name else {}),
    }
    return create_parameters(spec, client_token=operation.client_token, tags=tags)


def _acceptance_required(spec: EndpointSpec) -> bool:
    service = InventoryItem.objects.filter(
        account__account_id=spec.account_id,
        region=spec.region,
        kind=InventoryKind.SERVICE,
        aws_id=spec.service_name,
    ).first()
    return bool(service and service.data.get("acceptance_required"))


def _record_created(operation: Operation, held: Claim, observed: ObservedEndpoint, *, request_id: str) -> None:
    now = timezone.now()
    with events.recorded(events.chain_of(operation.account)):
        write(held, aws_request_id=request_id or operation.aws_request_id)
        Endpoint.objects.filter(pk=operation.endpoint_id).update(
            vpc_endpoint_id=observed.vpc_endpoint_id,
            aws_state=observed.state,
            observed=observed.to_dict(),
            observed_at=now,
            version=F("version") + 1,
            updated_at=now,
        )
        outcomes.created(operation, observed, request_id=request_id, now=now)
        attempts.note(operation, request_id=request_id)
    operation.endpoint.refresh_from_db()


def _settle_error(operation: Operation, held: Claim, error: AwsError) -> None:
    now: datetime = timezone.now()
    log.warning("operation %s: %s (%s), request %s", operation.pk, error, error.kind, error.request_id)
    try:
        with events.recorded(events.chain_of(operation.account)):
            write(held)
            outcomes.went_wrong(operation, error, now=now)
            parking.as_asked(operation=operation, now=now)
    except LeaseLost:
        _lost(held)


def _park(operation: Operation, held: Claim) -> None:
    now = timezone.now()
    try:
        with events.recorded(events.chain_of(operation.account)):
            write(held)
            operation.refresh_from_db()
            parking.as_asked(operation=operation, now=now)
    except LeaseLost:
        _lost(held)


def _lost(held: Claim) -> None:
    log.warning("operation %s: the lease was lost; another worker has it", held.operation_id)
    attempts.lost(operation_id=held.operation_id, fence=held.fence)

"""Bringing AWS to what was approved: claim, wait for a turn, look, plan, act, hand over to the observer.

Intent is committed before a call and the outcome after it, never a transaction across the call. A crash anywhere
leaves a row that the sweeper finds; whoever takes it up looks first, by id or by the ownership tag, and then
repeats the create with the same token and the very parameters that were stored.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.db.models.functions import Now

from endpoints.aws import AwsError, Ec2Gateway, Kind
from endpoints.aws.group_rules import OWNERSHIP_TAG
from endpoints.aws.parameters import create_parameters
from endpoints.domain.actions import Action, AuthorizeRule, CreateEndpoint, ModifyEndpoint, RevokeRule
from endpoints.domain.observed import ObservedEndpoint
from endpoints.domain.plan import GONE_STATES, plan
from endpoints.domain.rules import ObservedRule
from endpoints.domain.specs import EndpointSpec
from endpoints.models import AccountRegion, Endpoint, InventoryItem, Operation
from endpoints.models.inventory import InventoryKind
from endpoints.models.requests import ChangeAction
from endpoints.policy.meaning import FULL_ACCESS
from endpoints.queue import wake_observer
from endpoints.services import attempts, clock, events, group_rules, outcomes, parking, policies
from endpoints.services.leases import Claim, LeaseLost, ParkAsked, claim, put_back, worker_name, write
from endpoints.services.targets import gateway
from endpoints.services.turns import NotYet, Turn, call_of, first_call

__all__ = ["OWNERSHIP_TAG", "find", "next_actions", "rules_of", "run", "wanted_of"]

LOOKS = 3
"""After how many looks in vain an endpoint that was available once counts as deleted."""

RECONNECTS = (0, 1, 2, 4, 8)
"""After how many seconds each a worker whose database went away tries to reach it again."""

COMING = "pending"
"""The state of a new endpoint that takes its time: nobody need look at once."""

log = logging.getLogger(__name__)


def run(*, operation_id: UUID, owner: str | None = None) -> bool:
    """Take up an operation if it is due; tell whether this call did. Every failure ends in the operation's row."""
    held = claim(operation_id, owner=owner or worker_name())
    if held is None:
        return False
    rows = Operation.objects.select_related("change", "request__account", "endpoint__owner_team", "account")
    operation = rows.get(pk=operation_id)
    try:
        _step(operation, held)
    except (OperationalError, InterfaceError) as error:
        log.exception("operation %s lost its database", operation_id)
        _settle_reconnected(operation, held, error)
    except Exception as error:
        # Whatever it is, the operation must not stay claimed and silent: it is tried again, and in the end shown.
        log.exception("operation %s failed inside the portal", operation_id)
        _settle_error(operation, held, _unforeseen(error))
    return True


def _step(operation: Operation, held: Claim) -> None:
    """Bring an operation on, and write down how far it came."""
    turn = Turn(operation)
    try:
        if operation.attempts > outcomes.MAX_ATTEMPTS:
            raise _worn_out()
        outcomes.started(operation, now=clock.now())
        with turn:
            _work(operation, held, turn)
    except NotYet as later:
        _sleep(operation, held, later)
    except AwsError as error:
        _settle_error(operation, held, error, again_in=turn.next_in)
    except ParkAsked:
        _park(operation, held)
    except LeaseLost:
        _lost(held)


def _worn_out() -> AwsError:
    """Return the end of an operation whose workers died again and again before they could say why."""
    return AwsError(
        code="WorkersDied",
        message=f"More than {outcomes.MAX_ATTEMPTS} attempts ended without an outcome.",
        kind=Kind.REFUSED,
        cure="Ask an operator to read the workers' logs, then retry.",
    )


def _settle_reconnected(operation: Operation, held: Claim, error: Exception) -> None:
    """Put an operation back by a new connection; where none comes for some seconds, its lease runs out instead."""
    away = AwsError(
        code=f"Portal.{type(error).__name__}",
        message="The portal's database failed under this step.",
        kind=Kind.TRANSIENT,
        cure="The portal tries again by itself.",
        outage=True,
    )
    for seconds in RECONNECTS:
        time.sleep(seconds)
        connection.close()
        try:
            _settle_error(operation, held, away)
        except (OperationalError, InterfaceError) as again:
            log.warning("operation %s: the database is still away: %s", operation.pk, again)
        else:
            return


def _unforeseen(error: Exception) -> AwsError:
    return AwsError(
        code=f"Portal.{type(error).__name__}",
        message=str(error) or "An error inside the portal.",
        kind=Kind.TRANSIENT,
        cure="Ask an operator to read the workers' logs, then retry.",
    )


def _work(operation: Operation, held: Claim, turn: Turn) -> None:
    if call := first_call(operation):
        turn.take(call)  # first of all: who must wait costs AWS no look
    client = gateway(operation.account, operation.region)
    observed = find(operation, client)
    if observed is not None and operation.endpoint.vpc_endpoint_id is None:
        _record_created(operation, held, observed, request_id="")
    request_id = ""
    rules = rules_of(operation, client)
    for action in next_actions(operation, observed, rules):
        turn.take(call_of(action))
        request_id = _carry_out(action, operation, held, client, turn)
    now = clock.now()
    with events.recorded(events.chain_of(operation.account)):
        write(held)  # raises LeaseLost before anything is changed
        outcomes.hand_over(operation, request_id=request_id, now=now)
        parking.as_asked(operation=operation, now=now)
        if operation.endpoint.aws_state != COMING or not operation.change.kind.creates:
            wake_observer(AccountRegion.objects.get(account=operation.account, region=operation.region).pk)


def find(operation: Operation, client: Ec2Gateway) -> ObservedEndpoint | None:
    """Return the endpoint as AWS has it now: by its id, or, when a create may have happened, by the ownership tag."""
    endpoint = operation.endpoint
    if endpoint.vpc_endpoint_id:
        return _with_addresses(client.describe_vpc_endpoint(endpoint.vpc_endpoint_id), operation, client)
    if operation.change.kind.creates and operation.intent_at is not None:
        found = client.find_by_tag(OWNERSHIP_TAG, str(operation.pk))
        return next((item for item in found if item.state not in ("deleting", "deleted")), None)
    return None


def rules_of(operation: Operation, client: Ec2Gateway) -> tuple[ObservedRule, ...]:
    """Return the rules of security groups that concern an operation's endpoint, as AWS has them now."""
    book = group_rules.ledger(
        account=operation.account, region=operation.region, client=client, endpoint_ids=[operation.endpoint_id]
    )
    return book.of(operation.endpoint_id, wanted_of(operation))


def wanted_of(operation: Operation) -> EndpointSpec | None:
    """Return the spec that an operation brings about; None for a deletion."""
    return None if operation.action == ChangeAction.DELETE else operation.change.desired()


def _with_addresses(
    observed: ObservedEndpoint | None, operation: Operation, client: Ec2Gateway
) -> ObservedEndpoint | None:
    """Add the interfaces where a fixed address has to be compared with theirs."""
    if observed is None or not operation.change.desired().subnet_configurations:
        return observed
    interfaces = client.network_interfaces(observed.network_interface_ids)
    return replace(observed, network_interfaces=tuple(interfaces.values()))


def next_actions(
    operation: Operation, observed: ObservedEndpoint | None, rules: tuple[ObservedRule, ...] = ()
) -> tuple[Action, ...]:
    """Return what is still to be done for an operation, given what AWS has.

    Raises AwsError where nothing can be done by a worker: the endpoint is gone, an AWS service manages it, it needs a
    replacement, or one to be adopted isn't what was reviewed any more.
    """
    if observed is not None and observed.requester_managed:
        raise _refused(
            "RequesterManaged",
            f"{observed.vpc_endpoint_id} is managed by an AWS service on your behalf.",
            "Change it in that service; withdraw this request.",
        )
    if operation.action == ChangeAction.DELETE:
        if observed is None and operation.endpoint.aws_state != "deleted" and operation.in_flight_since is None:
            # One answer may come from a replica that lags behind. Deleting what is gone does nothing; not deleting what
            # is there would leave it behind, unseen.
            observed = operation.endpoint.observed_endpoint()
        return plan(
            desired=None, observed=observed, same_policy=policies.same_policy, full_access=FULL_ACCESS, rules=rules
        )
    _still_there(operation, observed)
    actions = plan(
        desired=operation.change.desired(),
        observed=observed,
        same_policy=policies.same_policy,
        full_access=FULL_ACCESS,
        former=operation.change.former(),
        private_dns_allowed=observed is not None and observed.state == "available",
        rules=rules,
    )
    if operation.action == ChangeAction.ADOPT and actions:
        raise _refused(
            "ChangedMeanwhile",
            f"{operation.endpoint.vpc_endpoint_id} is no longer what was reviewed; adopting it would change it.",
            "Withdraw this request, refresh the inventory and ask for the adoption once more.",
        )
    if observed is not None and any(isinstance(item, CreateEndpoint) and item.replaces for item in actions):
        raise _refused(
            "NeedsReplacement",
            f"AWS can't change {observed.vpc_endpoint_id} into what was approved.",
            "Withdraw this request and ask for a replacement on the endpoint's page.",
        )
    return actions


def _refused(code: str, message: str, cure: str) -> AwsError:
    return AwsError(code=code, message=message, kind=Kind.REFUSED, cure=cure)


def _still_there(operation: Operation, observed: ObservedEndpoint | None) -> None:
    gone = observed is None or observed.state in GONE_STATES
    if gone and operation.endpoint.vpc_endpoint_id:
        # One answer may come from a replica that lags behind; an endpoint that was there once and isn't found again
        # and again was deleted.
        surely = operation.endpoint.available_at is not None and operation.attempts >= LOOKS
        raise AwsError(
            code="InvalidVpcEndpointId.NotFound",
            message=f"AWS doesn't know {operation.endpoint.vpc_endpoint_id}.",
            kind=Kind.REFUSED if surely else Kind.NOT_FOUND,
            cure="If it was deleted outside of the portal, withdraw this request; its page then offers to recreate it.",
        )


def _carry_out(action: Action, operation: Operation, held: Claim, client: Ec2Gateway, turn: Turn) -> str:
    call = call_of(action)
    intent: dict[str, Any] = {}
    if isinstance(action, CreateEndpoint):
        parameters = operation.intent or _parameters(action.spec, operation)
        intent = {"intent": parameters, "intent_at": operation.intent_at or clock.now()}
    write(held, before_call=True, called_at=Now(), slot_at=None, slot_action=call, **intent)
    turn.used()
    try:
        return _call(action, operation, held, client, intent)
    except AwsError as error:
        if error.kind is Kind.THROTTLED:
            turn.refused(call)
        raise


def _call(action: Action, operation: Operation, held: Claim, client: Ec2Gateway, intent: dict[str, Any]) -> str:
    if isinstance(action, CreateEndpoint):
        created = client.create_vpc_endpoint(intent["intent"])
        _record_created(operation, held, created.endpoint, request_id=created.request_id)
        return created.request_id
    if isinstance(action, AuthorizeRule | RevokeRule):
        return _change_rule(action, operation, held, client)
    if isinstance(action, ModifyEndpoint) and action.policy_document is not None:
        action = replace(action, policy_document=policies.wire_text(action.policy_document))
    return client.carry_out(action)


def _change_rule(action: AuthorizeRule | RevokeRule, operation: Operation, held: Claim, client: Ec2Gateway) -> str:
    """Add or remove a rule. Whose one is that was there already is told by its tag, at the next look."""
    if isinstance(action, AuthorizeRule):
        answered = client.authorize_rule(action.rule, tags=group_rules.tags_of(operation))
    else:
        answered = client.revoke_rule(action)
    with events.recorded(events.chain_of(operation.account)):
        write(held, aws_request_id=answered.request_id or operation.aws_request_id)
        if answered.changed:
            group_rules.record(operation, action, request_id=answered.request_id, now=clock.now())
    return answered.request_id


def _parameters(spec: EndpointSpec, operation: Operation) -> dict[str, Any]:
    if spec.private_dns_in_two_steps or (spec.private_dns_enabled and _acceptance_required(spec)):
        # AWS refuses it until the owner has accepted, and clients would be led to what doesn't answer or let them in
        # yet: the second step comes when the observer sees it available.
        spec = replace(spec, private_dns_enabled=False)
    if spec.policy_document is not None:
        spec = replace(spec, policy_document=policies.wire_text(spec.policy_document))
    tags = {
        OWNERSHIP_TAG: str(operation.pk),
        "portal:request": operation.request.reference,
        "portal:team": operation.endpoint.owner_team.slug,
        **spec.all_tags,
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
    now = clock.now()
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


def _sleep(operation: Operation, held: Claim, later: NotYet) -> None:
    """Put the operation back until its turn; `slot_at` keeps a turn that is its own."""
    due_at = Now() + timedelta(seconds=later.seconds)
    slot = {"slot_at": due_at, "slot_action": later.action} if later.promised else {}
    try:
        put_back(held, seconds=later.seconds, **slot)
    except ParkAsked:
        _park(operation, held)
    except LeaseLost:
        _lost(held)
    else:
        outcomes.bump(operation)


def _settle_error(operation: Operation, held: Claim, error: AwsError, *, again_in: float | None = None) -> None:
    now: datetime = clock.now()
    log.warning("operation %s: %s (%s), request %s", operation.pk, error, error.kind, error.request_id)
    try:
        with events.recorded(events.chain_of(operation.account)):
            write(held)
            outcomes.went_wrong(operation, error, now=now, again_in=again_in)
            parking.as_asked(operation=operation, now=now)
    except LeaseLost:
        _lost(held)


def _park(operation: Operation, held: Claim) -> None:
    now = clock.now()
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

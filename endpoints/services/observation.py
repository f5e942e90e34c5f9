"""Observing: one describe for everything in flight in an account-region, and what follows from it.

Nothing polls per endpoint. A lease on the account-region lets one observer at a time do it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from endpoints.aws import AwsError
from endpoints.domain.observed import NetworkInterface, ObservedEndpoint
from endpoints.domain.rules import ObservedRule, surplus
from endpoints.models import AccountRegion, Endpoint, EndpointRequest, Operation
from endpoints.models.operations import IN_FLIGHT, STUCK
from endpoints.models.requests import ChangeAction
from endpoints.queue import wake_operation
from endpoints.services import clock, drifts, events, group_rules, outcomes, refreshing
from endpoints.services.group_rules import Ledger
from endpoints.services.leases import worker_name
from endpoints.services.provisioning import next_actions, wanted_of
from endpoints.services.targets import PATIENCE, gateway
from endpoints.services.turns import NotYet

log = logging.getLogger(__name__)

NO_RULES = Ledger()
NOT_YET = timedelta(minutes=5)
"""For how long after a create AWS may still answer NotFound: it is eventually consistent."""
LAGS = timedelta(minutes=1)
"""For how long a listing may lack what was there: one answer may come from a replica that lags behind."""
OBSERVE_LEASE = timedelta(seconds=60)
AT_REST = 15
"""How many times as seldom one looks where all waits for services' owners: for days, and in many account-regions."""
AT_FIRST = timedelta(minutes=10)
"""For how long after its creation one looks all the same: an owner who knew of it accepts at once."""
_ENDED = {
    "rejected": "The service's owner rejected the connection. Ask them why, then withdraw this request and ask for "
    "the endpoint's deletion: a rejected endpoint can't be used again and still costs.",
    "expired": "Nobody accepted the connection in time. Ask the service's owner, then withdraw this request, have the "
    "endpoint deleted and ask again.",
    "failed": "AWS could not make it. Read its message; retry after its cause has gone, or withdraw the request and "
    "ask for the endpoint's deletion.",
    "partial": "Only a part of it came to be. Read AWS's message; have the endpoint deleted and ask again.",
}


def observe(*, account_region_id: int) -> int:
    """Look at everything in flight in an account-region; return how many operations it looked at."""
    region = _lease(account_region_id)
    if region is None:
        return 0
    try:
        operations = list(
            Operation.objects.filter(account=region.account, region=region.region, status__in=IN_FLIGHT)
            .select_related("change", "request__account", "endpoint__account", "account")
            .order_by("created_at")
        )
        found, interfaces, book = _look(region, operations) if operations else ({}, {}, Ledger())
        _trouble_is_over(operations)
        for operation in operations:
            seen = found.get(operation.endpoint.vpc_endpoint_id or "")
            _settle_alone(operation, with_interfaces(seen, interfaces), book)
        if any(item.status == "succeeded" for item in operations):
            refreshing.after_changes(region)
        return len(operations)
    except NotYet as later:
        log.info("observing %s: %s", region, later)
        return 0
    except AwsError as error:
        _note_trouble(region, error)
        return 0
    finally:
        # Only its own lease: a look that took longer than that has an heir, who goes on with it.
        AccountRegion.objects.filter(pk=region.pk, lease_owner=worker_name()).update(
            lease_owner="", lease_expires_at=None, observed_at=Now()
        )


def _lease(account_region_id: int) -> AccountRegion | None:
    taken = AccountRegion.objects.filter(
        Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lt=Now()), pk=account_region_id
    ).update(lease_owner=worker_name(), lease_expires_at=Now() + OBSERVE_LEASE)
    return AccountRegion.objects.select_related("account").get(pk=account_region_id) if taken else None


def _look(
    region: AccountRegion, operations: list[Operation]
) -> tuple[dict[str, ObservedEndpoint], dict[str, NetworkInterface], Ledger]:
    client = gateway(region.account, region.region, patience=PATIENCE)
    there = [item.endpoint for item in operations if item.endpoint.vpc_endpoint_id]
    vpcs = {item.vpc_id for item in there}
    found = client.describe_vpc_endpoints((str(item.vpc_endpoint_id) for item in there), vpc_ids=vpcs)
    wanted = [interface for item in found.values() for interface in item.network_interface_ids]
    interfaces = client.network_interfaces(wanted, vpc_ids=vpcs)
    services = {item.service_name for item in found.values() if item.vpc_endpoint_type == "Gateway"}
    if services:
        lists = client.prefix_lists()
        found = {key: replace(item, prefix_list_id=lists.get(item.service_name, "")) for key, item in found.items()}
    ids = [item.endpoint_id for item in operations]
    return (
        found,
        interfaces,
        group_rules.ledger(account=region.account, region=region.region, client=client, endpoint_ids=ids),
    )


def with_interfaces(
    seen: ObservedEndpoint | None, interfaces: Mapping[str, NetworkInterface]
) -> ObservedEndpoint | None:
    """Return an endpoint with what is known of its network interfaces."""
    if seen is None:
        return None
    mine = tuple(interfaces[item] for item in seen.network_interface_ids if item in interfaces)
    return replace(seen, network_interfaces=mine)


def _settle_alone(operation: Operation, seen: ObservedEndpoint | None, book: Ledger) -> None:
    """Settle one operation; what goes wrong with it is logged and must not keep the others waiting."""
    try:
        _settle(operation, seen, book, now=clock.now())
    except SoftTimeLimitExceeded:
        raise  # the time is up for all of them: the next look goes on
    except Exception:
        log.exception("settling operation %s failed; the next look tries again", operation.pk)


def _settle(operation: Operation, seen: ObservedEndpoint | None, book: Ledger = NO_RULES, *, now: datetime) -> None:
    listed = operation.status, operation.fence
    with events.recorded(events.chain_of(operation.account)):
        operation.refresh_from_db(fields=["status", "fence", "version", "called_at", "in_flight_since"])
        if operation.status not in IN_FLIGHT or (operation.status, operation.fence) != listed:
            return  # somebody settled it since we listed it, or a worker acted: what was seen may be older than that
        rules = book.of(operation.endpoint_id, wanted_of(operation))
        if seen is not None:
            seen = replace(seen, group_rules=rules) if rules else seen
            _store(operation.endpoint, seen, now)
        if operation.action == ChangeAction.DELETE:
            _settle_deletion(operation, seen, rules, now)
        elif seen is None:
            _settle_missing(operation, now)
        else:
            _settle_present(operation, seen, now)


def _settle_deletion(
    operation: Operation, seen: ObservedEndpoint | None, rules: tuple[ObservedRule, ...], now: datetime
) -> None:
    gone = seen is None or seen.state == "deleted"
    if gone and not surplus((), rules):
        outcomes.succeed(operation, now=now)
    elif gone or (seen is not None and seen.state != "deleting"):
        _act_again(operation, "AWS accepted the calls, but not all that was to be deleted is gone.", now)


def _settle_missing(operation: Operation, now: datetime) -> None:
    called = operation.called_at or operation.created_at
    seen = max(called, operation.endpoint.observed_at or called)
    if now - seen < LAGS or (operation.change.kind.creates and now - called < NOT_YET):
        return
    _gone(operation, now)


def _gone(operation: Operation, now: datetime) -> None:
    outcomes.fail(
        operation,
        code="InvalidVpcEndpointId.NotFound",
        message=f"AWS no longer knows {operation.endpoint.vpc_endpoint_id}.",
        cure="It was deleted outside of the portal. Withdraw this request; the endpoint's page offers to recreate it.",
        now=now,
    )


def _settle_present(operation: Operation, seen: ObservedEndpoint, now: datetime) -> None:
    if seen.state == "pendingacceptance":
        if operation.status == "observing":
            outcomes.await_acceptance(operation, now=now)
        return
    if operation.status == "waiting_acceptance" and seen.state in ("pending", "available"):
        outcomes.accepted(operation, now=now)
    if seen.state == "available":
        _settle_available(operation, seen, now)
    elif seen.state in _ENDED:
        message = seen.last_error_message or f"AWS reports the endpoint as {seen.state}."
        outcomes.fail(
            operation, code=seen.last_error_code or seen.state, message=message, cure=_ENDED[seen.state], now=now
        )
    elif seen.state in ("deleting", "deleted"):
        _gone(operation, now)
    elif now - (operation.in_flight_since or operation.called_at or operation.created_at) > STUCK:
        outcomes.fail(
            operation,
            code="StillPending",
            message=f"AWS has reported {seen.state} for more than {STUCK.seconds // 60} minutes.",
            cure="Look at it in AWS's console; retry to go on waiting.",
            now=now,
        )


def _settle_available(operation: Operation, seen: ObservedEndpoint, now: datetime) -> None:
    try:
        remaining = next_actions(operation, seen, seen.group_rules)
    except AwsError as error:
        outcomes.fail(operation, code=error.code, message=error.message, cure=error.cure, now=now)
        return
    if not remaining:
        outcomes.succeed(operation, now=now)
    else:
        fields = (
            ", ".join(item.field for item in drifts.differences_of(operation.endpoint, seen)) or "tags to be removed"
        )
        message = f"AWS accepted the calls, but the endpoint still differs from what was approved: {fields}."
        _act_again(operation, message, now)


def _act_again(operation: Operation, message: str, now: datetime) -> None:
    """Have a worker go on with what AWS doesn't show yet, or hand it to a person after so many tries."""
    if operation.attempts >= outcomes.MAX_ATTEMPTS:
        outcomes.fail(
            operation,
            code="NotAsApproved",
            message=message,
            cure="Compare desired and observed on the endpoint's page; retry, or withdraw the request.",
            now=now,
        )
        return
    outcomes.act_again(operation, now=now)
    wake_operation(operation.pk, routine=operation.is_routine)


def _store(endpoint: Endpoint, seen: ObservedEndpoint, now: datetime) -> None:
    """Keep what AWS said; raise versions only when it said something new, so that pages needn't reload."""
    values = seen.to_dict()
    changed = (
        Endpoint.objects.filter(pk=endpoint.pk)
        .exclude(observed=values)
        .update(observed=values, observed_at=now, aws_state=seen.state, version=F("version") + 1, updated_at=now)
    )
    if changed:
        endpoint.refresh_from_db()
        _bump_requests(Operation.objects.filter(endpoint=endpoint, status__in=IN_FLIGHT))
    else:
        Endpoint.objects.filter(pk=endpoint.pk).update(observed_at=now)


def _bump_requests(operations: QuerySet[Operation]) -> None:
    EndpointRequest.objects.filter(pk__in=operations.values("request")).update(version=F("version") + 1)


def _note_trouble(region: AccountRegion, error: AwsError) -> None:
    """Show an observer's trouble on what waits for it; the next sweep looks again."""
    log.warning("observing %s: %s", region, error)
    waiting = Operation.objects.filter(account=region.account, region=region.region, status__in=IN_FLIGHT).exclude(
        last_error=error.message, last_error_code=error.code
    )
    _bump_requests(waiting)
    waiting.update(last_error=error.message, last_error_code=error.code, last_cure=error.cure, version=F("version") + 1)


def _trouble_is_over(operations: list[Operation]) -> None:
    """Take back what `_note_trouble` wrote: one may wait for an acceptance for days after a look that failed."""
    told = Operation.objects.filter(
        pk__in=[item.pk for item in operations if item.last_error_code], status__in=IN_FLIGHT
    )
    if told.update(last_error="", last_error_code="", last_cure="", version=F("version") + 1):
        _bump_requests(told)


def due_regions() -> list[int]:
    """Return the account-regions in which something has been in flight, and nobody has looked, for a moment.

    Where all of it has waited a while for a service's owner to accept, for a longer one.
    """
    pause = timedelta(seconds=settings.PORTAL_OBSERVE_SECONDS)
    in_flight = Operation.objects.filter(status__in=IN_FLIGHT).exclude(in_flight_since__gt=Now() - pause)
    moves = Q(status="observing") | Q(in_flight_since__gt=Now() - AT_FIRST)
    places = in_flight.order_by().values_list("account_id", "region")
    moving = {
        (account, region): bool(count) for account, region, count in places.annotate(count=Count("pk", filter=moves))
    }
    rows = AccountRegion.objects.filter(account_id__in={account for account, _ in moving}).filter(_unseen_for(pause))
    unseen = rows.annotate(rested=_unseen_for(AT_REST * pause)).values_list("pk", "account_id", "region", "rested")
    return [
        pk
        for pk, account, region, rested in unseen
        if (account, region) in moving and (rested or moving[account, region])
    ]


def _unseen_for(pause: timedelta) -> Q:
    return Q(observed_at__isnull=True) | Q(observed_at__lt=Now() - pause)

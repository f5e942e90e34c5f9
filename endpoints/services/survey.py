"""The survey: everything that an account-region has, read in a few paged calls and compared with what was approved.

It finds drift, what was deleted outside of the portal, what nobody manages, and what came back. What is in flight is
the observer's. Each page of the listing costs a fixed number of queries, and nothing is written where nothing is new.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from endpoints.aws import UNREADABLE, AwsError
from endpoints.aws.gateway import PAGE, Ec2Gateway
from endpoints.aws.pacing import NotYet
from endpoints.domain.ended import ENDED
from endpoints.domain.lifecycle import OPERATION, Actor
from endpoints.domain.observed import NetworkInterface, ObservedEndpoint
from endpoints.domain.plan import GONE_STATES
from endpoints.domain.specs import EndpointType
from endpoints.models import AccountRegion, Drift, Endpoint, Operation
from endpoints.services import drifts, events, group_rules, policies, refreshing, transitions, unmanaged
from endpoints.services.actors import WORKER
from endpoints.services.group_rules import Ledger
from endpoints.services.leases import worker_name
from endpoints.services.observation import with_interfaces
from endpoints.services.regions import pause_after_outage
from endpoints.services.targets import PATIENCE, gateway

LEASE = timedelta(minutes=5)
"""How long a survey may take, at most; longer than Celery lets its task run."""
SETTLING = timedelta(minutes=2)
"""For how long after a change was applied AWS may still show its former state: no drift is reported until then."""
MOVES = 200
"""Changes of status in one survey, at most: each is recorded by itself. The next survey goes on."""
BATCH = 200

_STOPPED = ("failed", "parked")
_AT_WORK = [value for value in OPERATION.live() if value not in _STOPPED]
_AT_REST = ("available", "failed", "pending_acceptance")
"""Statuses that nothing but what AWS does will end, where no operation is at work or waits for a person."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Surveyed:
    """How much a survey found. `missing` counts what was lost for sure."""

    endpoints: int = 0
    changed: int = 0
    drifted: int = 0
    missing: int = 0
    unmanaged: int = 0


def due() -> list[int]:
    """Return the account-regions that are due to be surveyed."""
    rows = AccountRegion.objects.filter(_due(), account__is_active=True)
    return list(rows.order_by(F("survey_due_at").asc(nulls_first=True)).values_list("pk", flat=True)[:100])


def survey(*, account_region_id: int, now: datetime) -> Surveyed | None:
    """Survey an account-region if it is due and nobody else does; return what was found, None where it wasn't read."""
    region = _take(account_region_id)
    if region is None:
        return None
    error = ""
    more: dict[str, Any] = {}
    try:
        found = _Survey(region, gateway(region.account, region.region, patience=PATIENCE), now).run()
        more = {"surveyed_at": now}
        if found.missing:
            refreshing.after_changes(region)  # the inventory shows what was lost, which would stand in others' way
        return found
    except NotYet as later:
        # Others have used up AWS's tokens for reading: what was read so far is kept, and a later survey reads it all.
        log.info("survey of %s: %s", region, later)
        AccountRegion.objects.filter(pk=region.pk).update(survey_due_at=Now() + timedelta(seconds=later.seconds + 5))
        return None
    except AwsError as problem:
        error = f"{problem.code}: {problem.message}"
        if problem.outage and problem.code != UNREADABLE:
            again, seconds = bool(region.survey_error), settings.PORTAL_DRIFT_SECONDS
            pause = pause_after_outage(again=again, last=region.surveyed_at, now=now, seconds=seconds)
            more = {"survey_due_at": Now() + pause}
        log.warning("survey of %s: %s", region, problem)
        return None
    finally:
        AccountRegion.objects.filter(pk=region.pk, survey_lease_owner=worker_name()).update(
            survey_lease_owner="",
            survey_lease_expires_at=None,
            survey_error=error,
            **more,
        )


def _due() -> Q:
    free = Q(survey_lease_expires_at__isnull=True) | Q(survey_lease_expires_at__lt=Now())
    return free & (Q(survey_due_at__isnull=True) | Q(survey_due_at__lte=Now()))


def _take(account_region_id: int) -> AccountRegion | None:
    taken = AccountRegion.objects.filter(_due(), pk=account_region_id).update(
        survey_due_at=Now() + timedelta(seconds=settings.PORTAL_DRIFT_SECONDS),
        survey_lease_owner=worker_name(),
        survey_lease_expires_at=Now() + LEASE,
    )
    return AccountRegion.objects.select_related("account").get(pk=account_region_id) if taken else None


@dataclass(slots=True)
class _Finding:
    """What a page of the listing says about one endpoint."""

    endpoint: Endpoint
    seen: ObservedEndpoint
    is_new: bool
    news: drifts.News
    move: str = ""

    def __bool__(self) -> bool:
        return self.is_new or bool(self.news) or bool(self.move)


@dataclass(slots=True)
class _Survey:
    region: AccountRegion
    client: Ec2Gateway
    now: datetime
    found: Surveyed = field(default_factory=Surveyed)
    seen: set[str] = field(default_factory=set)
    nobodys: set[str] = field(default_factory=set)
    moves: int = MOVES
    book: Ledger = field(default_factory=Ledger)

    def run(self) -> Surveyed:
        interfaces, lists = self._surroundings()
        self.book = group_rules.ledger(account=self.region.account, region=self.region.region, client=self.client)
        for page in _pages(self.client.list_vpc_endpoints()):
            self._page([_complete(item, interfaces, lists) for item in page])
        # Only here is the listing known to be complete.
        self._settle_absent()
        unmanaged.forget_others(region=self.region, present=self.nobodys)
        self.found.unmanaged = len(self.nobodys)
        return self.found

    def _surroundings(self) -> tuple[Mapping[str, NetworkInterface], Mapping[str, str]]:
        """Read network interfaces and prefix lists, each only where a managed endpoint has one."""
        kinds = set(self._managed().order_by().values_list("vpc_endpoint_type", flat=True).distinct())
        with_interfaces = kinds - {str(EndpointType.GATEWAY)}
        listed = self.client.list_network_interfaces() if with_interfaces else ()
        interfaces = {item.network_interface_id: item for item in listed}
        return interfaces, self.client.prefix_lists() if EndpointType.GATEWAY in kinds else {}

    def _managed(self) -> QuerySet[Endpoint]:
        return Endpoint.objects.filter(
            account=self.region.account, region=self.region.region, vpc_endpoint_id__isnull=False
        )

    def _page(self, page: list[ObservedEndpoint]) -> None:
        by_id = {item.vpc_endpoint_id: item for item in page}
        rows = list(self._managed().filter(vpc_endpoint_id__in=by_id).annotate(at_work=_at_work(), **_last_work()))
        known = drifts.open_by_endpoint(rows)
        for row in rows:
            if row.pk in self.book.carried:
                here = by_id[str(row.vpc_endpoint_id)]
                by_id[here.vpc_endpoint_id] = self.book.told(here, row.pk, row.desired_spec())
        findings = [self._judge(row, by_id[str(row.vpc_endpoint_id)], known.get(row.pk, {})) for row in rows]
        self._write([item for item in findings if item])
        drifts.still_there([drift for item in findings for drift in item.news.unchanged], now=self.now)
        others = by_id.keys() - {row.vpc_endpoint_id for row in rows if not self._outlived(row)}
        self.nobodys |= unmanaged.keep(region=self.region, found=[by_id[key] for key in others], now=self.now)
        self.found.endpoints += len(rows)
        self.seen |= {item.vpc_endpoint_id for item in page if item.state not in GONE_STATES}

    def _outlived(self, row: Any) -> bool:
        """Tell whether AWS has what counts as deleted here for so long that the listing can't lag behind."""
        return bool(row.state.terminal) and self._settled(row)

    def _settled(self, row: Any) -> bool:
        return row.worked_at is None or row.worked_at < self.now - SETTLING

    def _judge(self, row: Any, seen: ObservedEndpoint, known: Mapping[str, Drift]) -> _Finding:
        """Say what is new about an endpoint. What is being worked on, or changed since we looked, is left alone."""
        nothing = _Finding(row, seen, False, drifts.News())
        if row.state.terminal or row.at_work or row.updated_at > self.now:
            return nothing
        move = _move(row, seen)
        if row.status == "missing" and not move:
            return nothing  # it is kept as it was last seen
        finding = replace(nothing, is_new=row.observed_endpoint() != seen, move=move)
        if row.status == "available" and seen.state == "available" and not seen.requester_managed:
            differences = drifts.differences_of(row, seen)
            finding.news = drifts.news_of(differences, known, may_open=self._settled(row))
        return finding

    def _write(self, findings: list[_Finding]) -> None:
        if not findings:
            return
        chain = events.chain_of(self.region.account)
        with events.recorded(chain):
            kept = _still_current(findings)
            rows = [_renewed(item, self.now) for item in kept]
            columns = ["observed", "observed_at", "aws_state", "updated_at", "version"]
            # As an upsert: Django's bulk_update writes a CASE per row and column, which takes ten times as long.
            Endpoint.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["id"], update_fields=columns, batch_size=BATCH
            )
            told = drifts.keep(news=[(item.endpoint, item.news) for item in kept if item.news], now=self.now)
            events.record_all(chain=chain, who=WORKER, at=self.now, news=told)
            for item in kept:
                self._apply(item.endpoint, item.move, _words_of(item, self.now))
        self.found.changed += len(kept)
        self.found.drifted += sum(bool(item.news.opened) for item in kept)

    def _apply(self, endpoint: Endpoint, move: str, changes: dict[str, Any]) -> None:
        if not move or self.moves <= 0:
            return
        self.moves -= 1
        if move == "go_missing":
            drifts.close(endpoint=endpoint, now=self.now, is_gone=True)
            self.found.missing += 1
        transitions.apply(
            to=endpoint,
            transition=move,
            acting_as=Actor.WORKER,
            who=WORKER,
            now=self.now,
            changes=changes,
            summary=changes.get("last_error", ""),
            data={"vpc_endpoint_id": endpoint.vpc_endpoint_id},
        )
        if move == "become_available" and not _differs(endpoint, "policy_document"):
            policies.applied(endpoint=endpoint, now=self.now)

    def _settle_absent(self) -> None:
        """Note what the listing lacked; what the one before lacked, too, was deleted outside of the portal."""
        at_rest = self._managed().filter(status__in=_AT_REST, updated_at__lte=self.now)
        known = at_rest.exclude(_at_work()).annotate(held=_needs_a_person())
        rows = known.values_list("pk", "vpc_endpoint_id", "absent_since", "held")
        first: list[int] = []
        again: list[int] = []
        back: list[int] = []
        for pk, vpc_endpoint_id, since, held in rows:
            if vpc_endpoint_id in self.seen:
                back += [pk] if since else []
            else:
                (again if since and since < self.now and not held else first).append(pk)
        Endpoint.objects.filter(pk__in=back).update(absent_since=None)
        Endpoint.objects.filter(pk__in=first, absent_since__isnull=True).update(absent_since=self.now)
        for start in range(0, min(len(again), self.moves), BATCH):
            self._lose(again[start : start + BATCH])

    def _lose(self, ids: list[int]) -> None:
        with events.recorded(events.chain_of(self.region.account)):
            lost = self._managed().filter(pk__in=ids, status__in=_AT_REST, updated_at__lte=self.now)
            for endpoint in lost.exclude(_at_work() | _needs_a_person()).select_related("account"):
                self._apply(endpoint, "go_missing", _gone(endpoint.observed_endpoint()))


def _pages(items: Iterator[ObservedEndpoint]) -> Iterator[list[ObservedEndpoint]]:
    while page := list(islice(items, PAGE)):
        yield page


def _complete(
    item: ObservedEndpoint, interfaces: Mapping[str, NetworkInterface], lists: Mapping[str, str]
) -> ObservedEndpoint:
    """Return an endpoint with what DescribeVpcEndpoints doesn't say of it."""
    if item.vpc_endpoint_type == EndpointType.GATEWAY:
        return replace(item, prefix_list_id=lists.get(item.service_name, ""))
    return with_interfaces(item, interfaces) or item


def _at_work() -> Exists:
    return Exists(Operation.objects.filter(endpoint=OuterRef("pk"), status__in=_AT_WORK))


def _needs_a_person() -> Exists:
    return Exists(Operation.objects.filter(endpoint=OuterRef("pk"), status__in=_STOPPED))


def _last_work() -> dict[str, Any]:
    done = Operation.objects.filter(endpoint=OuterRef("pk"), finished_at__isnull=False).order_by("-finished_at")
    return {"worked_at": Subquery(done.values("finished_at")[:1]), "needs_a_person": _needs_a_person()}


def _move(row: Any, seen: ObservedEndpoint) -> str:
    """Return the transition that follows from AWS's state alone; a failed operation is its requester's to settle."""
    if row.status == "missing":
        return "" if seen.state in GONE_STATES else "come_back"
    if row.status not in _AT_REST or row.needs_a_person:
        return ""
    if seen.state == "deleted":
        return "go_missing"
    if row.status != "failed" and seen.state in ENDED:
        return "fail"
    return "become_available" if row.status != "available" and seen.state == "available" else ""


def _words_of(item: _Finding, now: datetime) -> dict[str, Any]:
    """Return what a transition writes beside the status."""
    seen = item.seen
    if item.move == "fail":
        message = seen.last_error_message or f"AWS reports the endpoint as {seen.state}."
        return {"last_error_code": seen.last_error_code or seen.state, "last_error": message}
    if item.move == "go_missing":
        return _gone(seen)
    since = {"available_at": item.endpoint.available_at or now} if item.move == "become_available" else {}
    return {"last_error_code": "", "last_error": "", **since} if item.move else {}


def _differs(endpoint: Endpoint, field: str) -> bool:
    """Tell whether AWS was seen to have another value of a field than was approved."""
    seen = endpoint.observed_endpoint()
    return seen is None or any(item.field == field for item in drifts.differences_of(endpoint, seen))


def _gone(seen: ObservedEndpoint | None) -> dict[str, Any]:
    """Return the columns of an endpoint that AWS no longer has: as last seen, and deleted."""
    observed = {"observed": replace(seen, state="deleted").to_dict()} if seen else {}
    return {"aws_state": "deleted", "absent_since": None, "last_error_code": "", "last_error": "", **observed}


def _still_current(findings: Iterable[_Finding]) -> list[_Finding]:
    """Return the findings about endpoints that nobody has touched since they were read. Under the chain's lock."""
    by_pk = {item.endpoint.pk: item for item in findings}
    rows = Endpoint.objects.filter(pk__in=by_pk).exclude(_at_work()).values_list("pk", "version")
    return [by_pk[pk] for pk, version in rows if by_pk[pk].endpoint.version == version]


def _renewed(item: _Finding, now: datetime) -> Endpoint:
    endpoint = item.endpoint
    if item.is_new:
        endpoint.observed, endpoint.observed_at = item.seen.to_dict(), now
        endpoint.aws_state = item.seen.state
    endpoint.updated_at = now
    endpoint.version += 1
    return endpoint

"""Checking an account: a worker tries what the portal needs there, and writes down what it found as it goes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from endpoints.aws import AwsError
from endpoints.aws.probing import Probe, Prober, Sample, answer_of, probes
from endpoints.aws.sessions import forget_role, prober_for
from endpoints.domain.answers import NO_DRY_RUN, Answer
from endpoints.models import Account, AccountCheck, InventoryItem
from endpoints.models.inventory import InventoryKind
from endpoints.policy import role_check
from endpoints.policy.role_check import Finding, Outcome, Trial
from endpoints.services.targets import PATIENCE, gateway, target_of, timeouts

MAX_ATTEMPTS = 3
_MOMENT = "%d %B %Y at %H:%M"
_NO_RESOURCE = "NoSuchResourceException"
_DIRECT_CONNECT = "directconnect:DescribeDirectConnectGatewayAssociations"
_COUNTED = {"Interface", "GatewayLoadBalancer"}
_GONE = {"deleted", "deleting", "rejected", "failed", "expired"}

log = logging.getLogger(__name__)


def run(*, check_id: int) -> bool:
    """Do a check that is due; tell whether it was done here. What isn't due is left alone: the message came twice."""
    if not _take(check_id):
        return False
    check = AccountCheck.objects.select_related("account").get(pk=check_id)
    if check.attempts > MAX_ATTEMPTS:
        _write(check, [*check.findings, asdict(_given_up())], done=True)
        return True
    found: list[dict[str, Any]] = []
    for part in _parts(check):
        found += part
        _write(check, found)  # shown while the rest goes on, and kept if this worker stops or its time runs out
    _write(check, found, done=True)
    return True


def _take(check_id: int) -> bool:
    """Take a due check by a lease that outlives the task, so that one worker does it."""
    lease = Now() + timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 30)
    due = AccountCheck.objects.due().filter(pk=check_id)
    return bool(due.update(lease_expires_at=lease, attempts=F("attempts") + 1, version=F("version") + 1))


def _write(check: AccountCheck, findings: list[dict[str, Any]], *, done: bool = False) -> None:
    end = {"finished_at": Now(), "lease_expires_at": None} if done else {}
    held = AccountCheck.objects.filter(pk=check.pk, finished_at=None, attempts=check.attempts)
    held.update(findings=findings, version=F("version") + 1, **end)


def _given_up() -> Finding:
    detail = f"The check was begun {MAX_ATTEMPTS} times but not finished: its worker stopped, or time ran out."
    return Finding("identity", "Check", Outcome.UNKNOWN, detail, "Look at the workers' log, then check again.")


def _parts(check: AccountCheck) -> Iterator[list[dict[str, Any]]]:
    """Yield what is found of the account, then of each region. What an earlier attempt found of a region stands."""
    account = check.account
    home = account.regions[0] if account.regions else "us-east-1"
    forget_role(target_of(account, home))
    prober = prober_for(target_of(account, home), timeouts())
    identity = _identity(account, prober)
    yield _told([identity])
    if identity.outcome is Outcome.BAD:
        return
    statuses, finding = _statuses(prober)
    yield _told([finding])
    for region in [check.region] if check.region else account.regions:
        before = [item for item in check.findings if item["region"] == region]
        yield before or _told(_region(account, region, statuses))


def _told(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [asdict(item) for item in findings]


def _identity(account: Account, prober: Prober) -> Finding:
    try:
        return role_check.caller(prober.caller_account(), account.account_id)
    except AwsError as error:
        return role_check.not_assumed(
            answer_of(error),
            role_arn=account.role_arn,
            principal=settings.PORTAL_AWS_PRINCIPAL,
            since=_changed_since(account),
        )


def _changed_since(account: Account) -> str:
    """Return what changed since the role could last be assumed, in a sentence, or ""."""
    worked = (
        account.checks.filter(findings__contains=[{"section": "identity", "outcome": "ok"}])
        .order_by("-finished_at")
        .first()
    )
    if worked is None or worked.finished_at is None:
        return ""
    if account.external_id_at and account.external_id_at > worked.finished_at:
        return (
            f"The ExternalId was renewed on {account.external_id_at:{_MOMENT}} UTC, after the last check that got in: "
            "most likely the role's trust policy still asks for the old one."
        )
    return (
        f"It worked on {worked.finished_at:{_MOMENT}} UTC with this ExternalId: since then the role was removed, or "
        "its trust policy changed."
    )


def _statuses(prober: Prober) -> tuple[dict[str, str] | None, Finding]:
    action = "ec2:DescribeRegions"
    try:
        return prober.region_statuses(), role_check.permissions([_trial(action)], region="")[0]
    except AwsError as error:
        return None, role_check.permissions([_trial(action, error)], region="")[0]


def _region(account: Account, region: str, statuses: dict[str, str] | None) -> Iterator[Finding]:
    state = role_check.region_status(region, statuses.get(region)) if statuses is not None else None
    if state and state.outcome is Outcome.BAD:
        yield state
        return
    prober = prober_for(target_of(account, region), timeouts())
    sample = _sample(account, region)
    first, *rest = probes(sample)
    answer = prober.attempt(first)
    if not (answer.allowed or answer.refused or answer.code in (NO_DRY_RUN, *role_check.SPEED)):
        yield role_check.region_unreachable(region, answer)
        return
    yield state or role_check.region_answers(region)
    trials = [Trial(first.proves, first.shows, answer), *map(_tried(prober), rest)]
    quotas, found = _quotas(account, region, prober)
    direct_connect = Trial((_DIRECT_CONNECT,), (), prober.direct_connect(sample))
    yield from role_check.permissions([*trials, direct_connect, *quotas], region=region)
    yield from found


def _tried(prober: Prober) -> Callable[[Probe], Trial]:
    return lambda probe: Trial(probe.proves, probe.shows, prober.attempt(probe))


def _trial(action: str, error: AwsError | None = None) -> Trial:
    return Trial((action,), (), answer_of(error) if error else Answer())


def _sample(account: Account, region: str) -> Sample:
    """Return ids that exist, of one VPC, as far as the inventory knows them."""
    rows = InventoryItem.objects.filter(account=account, region=region)
    subnet = rows.filter(kind=InventoryKind.SUBNET).order_by("aws_id").first()
    vpc = subnet.vpc_id if subnet else rows.filter(kind=InventoryKind.VPC).values_list("aws_id", flat=True).first()
    there = rows.filter(vpc_id=vpc or "").order_by("kind", "aws_id").distinct("kind")
    known = {item.kind: item for item in (*there, *rows.filter(kind=InventoryKind.PREFIX_LIST).order_by("aws_id")[:1])}
    known |= {
        item.kind: item
        for item in rows.filter(kind=InventoryKind.VPC_ENDPOINT, data__requester_managed=False)
        .filter(data__vpc_endpoint_type__in=["Gateway", "Interface"])
        .order_by("aws_id")[:1]
    }
    names = {
        InventoryKind.VPC: "vpc_id",
        InventoryKind.SUBNET: "subnet_id",
        InventoryKind.SECURITY_GROUP: "security_group_id",
        InventoryKind.ROUTE_TABLE: "route_table_id",
        InventoryKind.VPC_ENDPOINT: "vpc_endpoint_id",
        InventoryKind.VPN_GATEWAY: "vpn_gateway_id",
        InventoryKind.PREFIX_LIST: "prefix_list_id",
    }
    ids = {field: known[kind].aws_id for kind, field in names.items() if kind in known}
    endpoint = known.get(InventoryKind.VPC_ENDPOINT)
    return Sample(
        region=region, **ids, **({"vpc_endpoint_type": endpoint.data["vpc_endpoint_type"]} if endpoint else {})
    )


def _quotas(account: Account, region: str, prober: Prober) -> tuple[list[Trial], list[Finding]]:
    """Return how far the quotas are used, and what reading them proved."""
    trials: list[Trial] = []
    found: list[Finding] = []
    try:
        counts = _counts(account, region)
    except AwsError as error:
        return [], [role_check.quota_unknown(quota, answer_of(error), region=region) for quota in role_check.QUOTAS]
    for quota in role_check.QUOTAS:
        used = counts[quota.code]
        try:
            limit = prober.quota(quota.code)
        except AwsError as error:
            if error.code == _NO_RESOURCE:
                trials.append(_trial("servicequotas:GetServiceQuota"))
                found += role_check.quota_findings(quota, quota.default, used, region=region, assumed=True)
                continue
            trials.append(_trial("servicequotas:GetServiceQuota", error))
            found.append(role_check.quota_unknown(quota, answer_of(error), region=region))
        else:
            trials.append(_trial("servicequotas:GetServiceQuota"))
            found += role_check.quota_findings(quota, limit, used, region=region)
    return trials, found


def _counts(account: Account, region: str) -> dict[str, Counter[str]]:
    """Return how many endpoints count against each quota: by VPC, and by region."""
    per_vpc: Counter[str] = Counter()
    gateways: Counter[str] = Counter()
    for item in gateway(account, region, patience=PATIENCE).list_vpc_endpoints():
        if item.state in _GONE:
            continue
        if item.vpc_endpoint_type in _COUNTED:
            per_vpc[item.vpc_id] += 1
        elif item.vpc_endpoint_type == "Gateway":
            gateways[region] += 1
    return {role_check.INTERFACE_PER_VPC.code: per_vpc, role_check.GATEWAY_PER_REGION.code: gateways}

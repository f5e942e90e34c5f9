"""What AWS's answers to a check of an account mean: findings in words, each with its cure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from endpoints.domain.answers import NO_DRY_RUN, Answer
from endpoints.policy import role

WARN_FROM = 0.8
"""The share of a quota from which it is worth a warning."""


class Outcome(StrEnum):
    """How a finding stands; the worst first."""

    BAD = "bad"
    WARN = "warn"
    UNKNOWN = "unknown"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: `section` is identity, region, permission or quota; no region means everywhere."""

    section: str
    name: str
    outcome: Outcome
    detail: str
    cure: str = ""
    region: str = ""
    code: str = ""
    """AWS's error code, where it gave one."""


NOT_ENABLED = frozenset({"AuthFailure", "OptInRequired", "UnrecognizedClientException", "InvalidClientTokenId"})
_ENABLED = ("opt-in-not-required", "opted-in")
SPEED = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"})
_REFUSED_ACTION = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")
_BY = (
    (
        "service control policy",
        "A service control policy of the organization forbids it: ask who runs that.",
    ),
    ("permissions boundary", "The role's permissions boundary forbids it: widen the boundary."),
    ("session policy", "A session policy forbids it: the portal sends none, so look at what stands between."),
    ("explicit deny", "A policy denies it explicitly: take that statement out, since it wins over every Allow."),
)


# --- Who we are -------------------------------------------------------------------------------------------------------


def caller(found: str, wanted: str) -> Finding:
    """Return whether the role belongs to the account that was meant. Both are account ids."""
    if found == wanted:
        return Finding("identity", "Role", Outcome.OK, f"The role was assumed, and AWS says it acts in {found}.")
    return Finding(
        "identity",
        "Role",
        Outcome.BAD,
        f"The role was assumed, but it belongs to account {found}, not to {wanted}.",
        "Correct the role's ARN: an administrator edits the account.",
    )


def not_assumed(answer: Answer, *, role_arn: str, principal: str, since: str) -> Finding:
    """Return why the role could not be assumed.

    AWS tells a missing role, a trust policy that names somebody else and a wrong ExternalId apart by nothing but
    `AccessDenied`. `since` is what changed since it last worked, in a sentence, or "".
    """
    detail = f"The role {role_arn} can't be assumed. AWS says: {answer.code}: {answer.message}"
    return Finding("identity", "Role", Outcome.BAD, detail, _way_in(answer, principal, since), code=answer.code)


def _way_in(answer: Answer, principal: str, since: str) -> str:
    if answer.code in ("AccessDenied", "AccessDeniedException"):
        return (
            (since or "AWS doesn't say which of three things it is.")
            + " Compare the role in IAM with this page: a role of exactly this name is there; its trust policy "
            + f"names {principal or 'the portal’s own principal'}; and it asks for the ExternalId that is printed here."
        )
    if answer.code in ("NoCredentials", *NOT_ENABLED):
        return "AWS doesn't accept the portal's own credentials. An operator must renew them, then check again."
    if answer.code == "RegionDisabledException":
        return "STS is switched off in the account's first region. Enable it there, or put another region first."
    return "The portal got no usable answer. Check again; if it stays, look at the way from the workers to AWS."


# --- Regions ----------------------------------------------------------------------------------------------------------


def region_status(region: str, status: str | None) -> Finding:
    """Return whether a region can be used. `status` is DescribeRegions' OptInStatus, None where it isn't listed."""
    if status in _ENABLED:
        return Finding("region", "Region", Outcome.OK, "Enabled for this account.", region=region)
    if status is None:
        detail = f"AWS lists no region {region} for this account."
        return Finding("region", "Region", Outcome.BAD, detail, "Take it out of the account's regions.", region)
    return Finding(
        "region",
        "Region",
        Outcome.BAD,
        f"The region isn't enabled for this account ({status}).",
        "Enable it in the account (Account settings, AWS Regions), or take it out of the account's regions.",
        region,
    )


def region_answers(region: str) -> Finding:
    """Return that a region can be used, where AWS didn't let us read the list of regions."""
    return Finding("region", "Region", Outcome.OK, "It answers.", region=region)


def region_unreachable(region: str, answer: Answer) -> Finding:
    """Return that a region doesn't let us in, or didn't answer."""
    cure = "Check again; if it stays, look at the way from the workers to this region's endpoints."
    if answer.code in NOT_ENABLED:
        cure = "Enable the region in the account, and allow it in the organization, then check again."
    detail = f"The region could not be asked. AWS says: {answer.code}: {answer.message}"
    return Finding("region", "Region", Outcome.BAD, detail, cure, region, answer.code)


# --- Permissions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trial:
    """One call that was tried: the actions that it proves, those that it may show to be missing, and the answer."""

    proves: tuple[str, ...]
    shows: tuple[str, ...]
    answer: Answer


def permissions(trials: Iterable[Trial], *, region: str) -> list[Finding]:
    """Return one finding for each action that the trials cover, in their order.

    A refusal names the action that it is about; what else the call needed stays open unless another call proved it.
    """
    found: dict[str, Finding] = {}
    for trial in trials:
        missing = _refused_action(trial)
        for action in (*trial.proves, *trial.shows):
            finding = _finding(action, trial, missing, region)
            held = found.get(action)
            if held is None or _replaces(finding, held):
                found[action] = finding
    return [replace(finding, code="") if finding.code == _WAITS else finding for finding in found.values()]


def _replaces(new: Finding, held: Finding) -> bool:
    """A refusal wins; then a proof, but not over an answer that says neither; then what only waits."""
    if held.outcome is Outcome.BAD:
        return False
    return new.outcome is Outcome.BAD or held.code == _WAITS or (new.outcome is Outcome.UNKNOWN and new.code != _WAITS)


_WAITS = "waits"


def _refused_action(trial: Trial) -> str:
    if not trial.answer.refused:
        return ""
    match = _REFUSED_ACTION.search(trial.answer.message)
    named = match[1] if match else ""
    return named if named in (*trial.proves, *trial.shows) else trial.proves[0]


def _finding(action: str, trial: Trial, missing: str, region: str) -> Finding:
    answer = trial.answer
    if action == missing:
        return missing_permission(action, answer, region=region)
    if missing:
        detail = f"It can't be tried while {missing} is missing."
        return Finding("permission", action, Outcome.UNKNOWN, detail, region=region, code=_WAITS)
    if answer.allowed and action in trial.proves:
        return Finding("permission", action, Outcome.OK, "Allowed.", region=region)
    if answer.allowed:
        detail = "AWS has no way to try this without doing it. A dry run of what needs it was not refused."
        cure = f"Nothing to do if the role has the statement {_sid(action)}."
        return Finding("permission", action, Outcome.UNKNOWN, detail, cure, region, _WAITS)
    return Finding("permission", action, Outcome.UNKNOWN, *_undecided(answer), region, answer.code)


def missing_permission(action: str, answer: Answer, *, region: str) -> Finding:
    """Return that an action is missing, with the statement of the printed policy that grants it."""
    by = next((text for words, text in _BY if words in answer.message), "")
    cure = by or f"Add the statement {_sid(action)} of the permission policy on this page to the role."
    detail = f"The role may not: {answer.code}."
    return Finding("permission", action, Outcome.BAD, detail, cure, region, answer.code)


def _undecided(answer: Answer) -> tuple[str, str]:
    if answer.code in SPEED:
        return "AWS was busy and didn't decide.", "Check again in a minute."
    if answer.code == NO_DRY_RUN:
        return answer.message, "Nothing to do: a double of AWS without dry runs can't be asked for permissions."
    return (
        f"AWS answered {answer.code}, which says nothing sure about the permission: {answer.message}",
        "Have the region's inventory read, so that the check can name what exists, and check again.",
    )


def _sid(action: str) -> str:
    statement = role.statement_of(action)
    return statement.sid if statement else "for it"


# --- Quotas -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of Service Quotas' service `vpc`: its code, what it counts, and AWS's default."""

    code: str
    name: str
    default: int


INTERFACE_PER_VPC = Quota("L-29B6F2EB", "Interface endpoints per VPC", 50)
GATEWAY_PER_REGION = Quota("L-1B52E74A", "Gateway endpoints per region", 20)
QUOTAS = (INTERFACE_PER_VPC, GATEWAY_PER_REGION)
MOST_VPCS = 10
"""How many VPCs one finding each is written for, the fullest first."""


def quota_findings(
    quota: Quota, limit: int, counts: Mapping[str, int], *, region: str, assumed: bool = False
) -> list[Finding]:
    """Return the fullest use of a quota, and every other that is close to it. `counts` maps a place to a number.

    `assumed` says that AWS named no applied value, so that the limit is its default.
    """
    fullest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VPCS] or [("", 0)]
    shown = [item for position, item in enumerate(fullest) if position == 0 or item[1] >= WARN_FROM * limit]
    return [_quota(quota, limit, place, used, region, assumed) for place, used in shown]


def _quota(quota: Quota, limit: int, place: str, used: int, region: str, assumed: bool) -> Finding:
    where = f" in {place}" if place else ""
    detail = f"{used} of {limit} used{where}{' (AWS’s default)' if assumed else ''}."
    if used < WARN_FROM * limit:
        return Finding("quota", quota.name, Outcome.OK, detail, region=region)
    cure = f"Have the quota {quota.code} of service vpc raised in {region} (Service Quotas), or delete endpoints."
    return Finding("quota", quota.name, Outcome.WARN if used < limit else Outcome.BAD, detail, cure, region)


def quota_unknown(quota: Quota, answer: Answer, *, region: str) -> Finding:
    """Return that a quota could not be read."""
    detail = f"It could not be read. AWS says: {answer.code}: {answer.message}"
    return Finding("quota", quota.name, Outcome.UNKNOWN, detail, "Check again in a minute.", region, answer.code)


# --- All of them ------------------------------------------------------------------------------------------------------


def verdict(findings: Sequence[Mapping[str, Any]]) -> Outcome:
    """Return the worst outcome of stored findings; what AWS leaves open doesn't count against the rest."""
    found = {item["outcome"] for item in findings}
    return next((outcome for outcome in (Outcome.BAD, Outcome.WARN, Outcome.OK) if outcome in found), Outcome.UNKNOWN)

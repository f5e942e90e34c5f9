"""An answer about reachability as pages show it: marks, links that cure, pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse

from endpoints import permissions
from endpoints.domain.lifecycle import ENDPOINT
from endpoints.models import Endpoint, User
from endpoints.network.hops import Cure, Hop, Outcome, Status, Verdict

MARKS: dict[str, tuple[str, str, str]] = {
    Status.OK: ("ok", "Passes", "check-circle-fill"),
    Status.WARNING: ("warn", "Look here", "exclamation-triangle-fill"),
    Status.UNKNOWN: ("muted", "Can't be told", "question-circle"),
    Status.BROKEN: ("bad", "Stops here", "x-circle-fill"),
    Status.SKIPPED: ("muted", "Not on the way", "dash-circle"),
}
OUTCOMES: dict[str, tuple[str, str, str]] = {
    Outcome.PRIVATE: ("ok", "Reaches it privately", "check-circle-fill"),
    Outcome.PUBLIC: ("warn", "Reaches it, not privately", "exclamation-triangle-fill"),
    Outcome.PARTLY: ("warn", "Only a part reaches it", "exclamation-triangle-fill"),
    Outcome.UNKNOWN: ("muted", "Can't be told", "question-circle"),
    Outcome.BROKEN: ("bad", "Doesn't reach it", "x-circle-fill"),
}
REACHERS: dict[str, tuple[str, str, str]] = {
    "can": ("ok", "Can", "check-circle-fill"),
    "some": ("warn", "Some can", "exclamation-triangle-fill"),
    "unknown": ("muted", "Can't be told", "question-circle"),
    "cannot": ("bad", "Can't", "x-circle-fill"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A status as components/status.html shows it."""

    tone: str
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class CureLink:
    """A cure with the page that does it. `note` says why there is none, `command` is for who has access to AWS."""

    text: str
    url: str = ""
    label: str = ""
    note: str = ""
    command: str = ""


class Links:
    """Where the cures of one account-region lead a person. One query, however many cures there are."""

    def __init__(self, user: User, *, account: int, region: str, verdicts: Iterable[Verdict]) -> None:
        self._user, self._account, self._region = user, account, region
        self._wanted = {
            str(hop.cure.fields["endpoint_id"])
            for verdict in verdicts
            for hop in verdict.hops
            if hop.cure and "endpoint_id" in hop.cure.fields
        }

    @cached_property
    def _endpoints(self) -> dict[str, Endpoint]:
        rows = Endpoint.objects.visible_to(self._user).filter(
            account=self._account, region=self._region, vpc_endpoint_id__in=self._wanted, status__in=ENDPOINT.live()
        )
        return {str(row.vpc_endpoint_id): row for row in rows.select_related("owner_team")} if self._wanted else {}

    def cure(self, cure: Cure | None) -> CureLink | None:
        """Return a cure with its link."""
        if cure is None:
            return None
        if cure.act == "outside":
            note = "The portal doesn't change this: somebody with access to AWS does."
            return CureLink(cure.text, note=note if cure.command else "", command=cure.command)
        if cure.act == "request":
            return self._request(cure)
        return self._endpoint(cure)

    def _request(self, cure: Cure) -> CureLink:
        if not permissions.ENGINEERS.allows(self._user):
            return CureLink(cure.text, note="Engineers ask for it.")
        place = {"account": str(self._account), "region": self._region}
        url = f"{reverse('request_new')}?{urlencode({**place, **cure.fields}, doseq=True)}"
        return CureLink(cure.text, url, "Ask for it")

    def _endpoint(self, cure: Cure) -> CureLink:
        row = self._endpoints.get(str(cure.fields.get("endpoint_id", "")))
        if row is None:
            note = f"{cure.fields.get('endpoint_id', 'It')} isn't an endpoint that you manage here."
            return CureLink(cure.text, note=note, command=cure.command)
        if not permissions.can_change_endpoint(self._user, row):
            return CureLink(cure.text, row.get_absolute_url(), "The endpoint", f"{row.owner_team} asks for it.")
        fields = {key: value for key, value in cure.fields.items() if key != "endpoint_id"}
        name = "endpoint_modify" if cure.act == "modify" else "endpoint_policy_new"
        url = reverse(name, args=[row.pk]) + (f"?{urlencode(fields, doseq=True)}" if fields else "")
        return CureLink(cure.text, url, "Ask for the change")


@dataclass(frozen=True, slots=True)
class HopRow:
    """One hop as the page shows it."""

    hop: Hop
    mark: Mark
    cure: CureLink | None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict as the page shows it."""

    verdict: Verdict
    mark: Mark
    hops: list[HopRow]
    cure: CureLink | None


def shown(verdict: Verdict, links: Links) -> VerdictView:
    """Return a verdict with its marks and links."""
    rows = [HopRow(hop, mark_of(hop.status), links.cure(hop.cure)) for hop in verdict.hops]
    return VerdictView(verdict, outcome_of(verdict), rows, links.cure(verdict.cure))


def mark_of(status: Status) -> Mark:
    """Return a hop's mark."""
    return Mark(*MARKS[status])


def outcome_of(verdict: Verdict) -> Mark:
    """Return a verdict's mark."""
    return Mark(*OUTCOMES[verdict.outcome])


def reacher_mark(outcome: str) -> Mark:
    """Return the mark of who can reach an endpoint."""
    return Mark(*REACHERS[outcome])

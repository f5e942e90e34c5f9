"""The form that asks for several endpoints at once: a card for each, with what they share said once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.domain.specs import EndpointSpec
from endpoints.forms.costs import VolumeForm, gb_of, volume_field
from endpoints.forms.parts import FULL, TEXTS, submission_key, team_field
from endpoints.forms.request import SpecForm, read_values, settled, spec_so_far
from endpoints.forms.rules import LiveChecks, live_checks
from endpoints.forms.templates import Place as PolicyPlace
from endpoints.models import Account, InventoryItem, User
from endpoints.models.requests import ChangeAction
from endpoints.network.after import of_this_request
from endpoints.network.bundles import Bundle, Member
from endpoints.network.cost import ZERO, Estimate, estimate
from endpoints.network.coverage import Cell
from endpoints.policy.templates import ParameterError, for_service
from endpoints.services import checks, costs
from endpoints.services.choices import OFFERED_TYPES, Choices
from endpoints.services.drafts import ChangeDraft, Draft
from endpoints.services.several import Asked, Offered, Target

_SHORT_ENOUGH = 60
"""Characters of the VPCs' names that a title begins with."""


class TargetForm(SpecForm):
    """One endpoint of several. Its place is settled; fixed addresses, tags and own policies have another form."""

    policy_document = None  # type: ignore[assignment]  # Django's way to leave a field out
    access = forms.ChoiceField(label="Access through the endpoint")

    def __init__(self, *args: Any, target: Target, account_id: str, **kwargs: Any) -> None:
        super().__init__(*args, use_required_attribute=False, **kwargs)
        kind = str(self["vpc_endpoint_type"].value() or target.kind)
        self.policies = ready_policies(target.service_name, kind, target.region, account_id)
        if self.service and not self.service.takes_policy:
            self.policies = {}
        words = "Full access: callers' own permissions decide"
        self.fields["access"].choices = [(FULL, words), *((key, title) for key, (title, _) in self.policies.items())]  # type: ignore[attr-defined]

    def offer_addresses(self, subnets: Iterable[Any]) -> None:
        """Offer none: a form of forty endpoints in VPCs of many subnets would have too many fields."""

    def asked_document(self) -> str | None:
        """Return the text of the ready policy that was chosen, or None for full access."""
        chosen = self.policies.get(self.cleaned_data.get("access", ""))
        return chosen[1] if chosen else None

    @property
    def place_fields(self) -> list[forms.BoundField]:
        """Return the fields that the card doesn't show: what is wrong with them stands above it."""
        return [self[name] for name in ("account", "region", "vpc_id", "service_name")]

    @property
    def summary(self) -> str:
        """Return the choices in a few words."""
        kind, chosen = str(self["vpc_endpoint_type"].value() or ""), self.selected
        if kind == "Gateway":
            return f"Gateway · {_count(len(chosen['route_table_ids']), 'route table')}"
        dns = "private DNS on" if self["private_dns_enabled"].value() else "private DNS off"
        return f"{kind} · {_count(len(chosen['subnet_ids']), 'subnet')} · {dns}"


class SharedForm(forms.Form):
    """What all endpoints of a request share."""

    title = TEXTS.title()
    justification = TEXTS.justification()
    owner_team = team_field()
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)
    gb = volume_field("Data a month through each (GB)")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_team"].queryset = user.teams.all()  # type: ignore[attr-defined]


class GroupsForm(forms.Form):
    """The security groups that guard the Interface endpoints of one VPC. None: the VPC's default group."""

    security_group_ids = forms.MultipleChoiceField(
        label="Security groups",
        required=False,
        error_messages={"invalid_choice": "%(value)s doesn't belong to this VPC. Choose from the list."},
    )

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = choices
        self.fields["security_group_ids"].choices = [(item.aws_id, item.label) for item in choices.groups]  # type: ignore[attr-defined]

    @property
    def selected(self) -> dict[str, list[str]]:
        """Return what is ticked."""
        return {"security_group_ids": [str(item) for item in self["security_group_ids"].value() or ()]}

    @property
    def summary(self) -> str:
        """Return the choice in a few words."""
        chosen = self.selected["security_group_ids"]
        names = [item.name or item.aws_id for item in self.offered.groups if item.aws_id in chosen]
        return ", ".join(names) or "the VPC's default group"


@dataclass(slots=True, kw_only=True)
class Card:
    """One target as the form shows it. `has` is what the VPC has of its service already; `member` says what it is for,
    where a bundle is asked for."""

    number: int
    target: Target
    form: TargetForm
    ticked: bool
    member: Member | None = None
    has: Sequence[Cell] = ()
    findings: Sequence[checks.Finding] = ()
    estimate: Estimate | None = None

    @property
    def prefix(self) -> str:
        """Return what the names of its fields begin with."""
        return str(self.form.prefix)

    @property
    def blocks(self) -> bool:
        """Tell whether a finding stops it."""
        return any(item.severity == "block" for item in self.findings)

    @property
    def warnings(self) -> int:
        """Return how many findings warn."""
        return sum(item.severity == "warn" for item in self.findings)

    @property
    def live(self) -> LiveChecks:
        """Return what the checks say, with the rules of security groups that the request can carry."""
        keys = self.form.selected["group_rules"]
        return live_checks(self.findings, keys, self.form.offered, prefix=self.prefix)

    @property
    def open(self) -> bool:
        """Tell whether it must be looked at."""
        return self.ticked and (bool(self.form.errors) or self.blocks)


@dataclass(slots=True)
class VpcCards:
    """The cards of one VPC with the groups that their endpoints share."""

    choices: Choices
    groups: GroupsForm
    cards: list[Card]

    @property
    def vpc_id(self) -> str:
        """Return the VPC's id."""
        return self.cards[0].target.vpc_id

    @property
    def has_interfaces(self) -> bool:
        """Tell whether any of its endpoints takes security groups."""
        return any(str(card.form["vpc_endpoint_type"].value()) == "Interface" for card in self.cards)


class SeveralForm:
    """Targets of one account, each a card. `data` is what the form sent, or empty where it is shown first; a target
    of which nothing is offered has no card.

    `judged` binds the cards to what was sent, so that it is judged; else what doesn't fit gives way to safe defaults.
    """

    def __init__(
        self,
        data: QueryDict,
        targets: Mapping[Target, Asked],
        *,
        offered: Offered,
        user: User,
        judged: bool = False,
        title: str = "",
        bundle: Bundle | None = None,
    ) -> None:
        self._data = data
        self.bundle = bundle
        self._offered = offered
        self._judged = judged
        self._targets = targets
        first = {"title": title, "submission_key": str(uuid.uuid4())}
        sent = {name: data[name] for name in SharedForm.base_fields if name in data}
        self.shared = SharedForm(data, user=user) if judged else SharedForm(initial={**first, **sent}, user=user)
        self.vpcs: list[VpcCards] = []
        for place in dict.fromkeys(target.place for target in targets):
            if choices := offered.choices.get(place):
                self.vpcs.append(self._vpc(choices, [item for item in targets if item.place == place]))

    def _vpc(self, choices: Choices, here: Sequence[Target]) -> VpcCards:
        vpc_id = here[0].vpc_id
        name = f"{vpc_id}-security_group_ids"
        known = {item.aws_id for item in choices.groups}
        chosen = [item for item in self._data.getlist(name) if item in known]
        if self._judged:
            groups = GroupsForm(self._data, prefix=vpc_id, choices=choices)
        else:
            groups = GroupsForm(initial={"security_group_ids": chosen}, prefix=vpc_id, choices=choices)
        cards = [self._card(item, choices, chosen) for item in here]
        return VpcCards(choices, groups, cards)

    def _card(self, target: Target, choices: Choices, groups: list[str]) -> Card:
        number, ticked = self._targets[target].number, self._targets[target].ticked
        prefix = f"t{number}"
        plain = QueryDict(mutable=True)
        plain["vpc_endpoint_type"] = target.kind
        for name in self._data:
            if name.startswith(f"{prefix}-"):
                plain.setlist(name.removeprefix(f"{prefix}-"), self._data.getlist(name))
        plain["account"], plain["region"] = str(target.account), target.region
        plain["vpc_id"], plain["service_name"] = target.vpc_id, target.service_name
        plain.setlist("security_group_ids", groups)
        account = self._offered.account
        more: dict[str, Any] = {
            "prefix": prefix,
            "choices": choices,
            "target": target,
            "account_id": account.account_id if account else "",
        }
        if self._judged and ticked:
            named = QueryDict(mutable=True)
            for name in plain:
                named.setlist(f"{prefix}-{name}", plain.getlist(name))
            form = TargetForm(named, **more)
        else:
            form = TargetForm(initial=settled(read_values(plain), choices), **more)
            if "access" not in plain and account and account.protected:
                form.initial["access"] = next(iter(form.policies), FULL)
        members = self.bundle.members if self.bundle else ()
        return Card(
            number=number,
            target=target,
            form=form,
            ticked=ticked,
            member=next((item for item in members if item.service == target.short), None),
            has=self._offered.has(target),
            estimate=form.estimated(self.gb),
        )

    def look(self) -> None:
        """Let preflight say something to each card that isn't judged yet, those before it in the VPC counted."""
        positions = {card.number: position for position, card in enumerate(self.ticked, start=1)}
        for vpc in self.vpcs:
            before: list[tuple[str, EndpointSpec]] = []
            for card in vpc.cards:
                form = card.form
                spec = form.spec if form.is_bound else spec_so_far(form.initial, vpc.choices)
                if not card.ticked or spec is None:
                    continue
                near = self._offered.connected.get((spec.region, spec.vpc_id, spec.service_name), {})
                if not card.findings:
                    card.findings = checks.findings_so_far(spec, vpc.choices, others=before, connected=near)
                before.append((of_this_request(positions[card.number]), spec))

    @property
    def cards(self) -> list[Card]:
        """Return all cards, VPC by VPC."""
        return [card for vpc in self.vpcs for card in vpc.cards]

    @property
    def ticked(self) -> list[Card]:
        """Return the cards of what is asked for."""
        return [card for card in self.cards if card.ticked]

    @cached_property
    def gb(self) -> Decimal:
        """Return the volume to reckon with."""
        return VolumeForm(gb_of(self.shared["gb"].value())).volume

    @property
    def ticked_count(self) -> int:
        """Return how many are asked for, cards that aren't shown included."""
        return sum(asked.ticked for asked in self._targets.values())

    @property
    def total(self) -> Decimal:
        """Return what a month of all that is ticked costs, cards that aren't shown included."""
        shown = {card.number for card in self.cards}
        unseen = [
            self._estimated(asked.number, item)
            for item, asked in self._targets.items()
            if asked.number not in shown and asked.ticked
        ]
        return sum((item.total for item in (*(card.estimate for card in self.ticked), *unseen) if item), ZERO)

    def _estimated(self, number: int, target: Target) -> Estimate:
        """Return what a target costs as it was sent, without judging what was sent."""
        prefix = f"t{number}"
        kind = self._data.get(f"{prefix}-vpc_endpoint_type", target.kind)
        zones = 0 if kind == "Gateway" else len(self._data.getlist(f"{prefix}-subnet_ids"))
        known = kind if kind in OFFERED_TYPES else target.kind
        return estimate(kind=known, zones=zones, gb=self.gb, rates=costs.prices().rates(target.region))

    @property
    def account(self) -> Account | None:
        """Return the account."""
        return self._offered.account

    def key(self) -> uuid.UUID:
        """Return the key by which a double submit is known."""
        return submission_key(str(self.shared["submission_key"].value() or ""))

    def is_valid(self) -> bool:
        """Tell whether everything that is asked for can be."""
        parts: list[forms.Form] = [self.shared, *(vpc.groups for vpc in self.vpcs), *(it.form for it in self.ticked)]
        fine = [part.is_valid() for part in parts]
        if not self.ticked:
            self.shared.add_error(None, "Tick at least one endpoint to ask for.")
        return all(fine) and bool(self.ticked)

    def draft(self) -> Draft:
        """Return what the services take. Only after `is_valid()`."""
        values = self.shared.cleaned_data
        specs = [card.form.spec for card in self.ticked]
        if self.account is None or not all(specs):
            raise ValueError("Ask is_valid() first.")
        return Draft(
            account=self.account,
            title=values["title"],
            justification=values["justification"],
            owner_team=values["owner_team"],
            changes=tuple(ChangeDraft(action=ChangeAction.CREATE, spec=spec) for spec in specs if spec),
        )

    def judge(self, found: Sequence[Sequence[checks.Finding]]) -> bool:
        """Take the findings on what is ticked, in its order; tell whether nothing stands against it."""
        for card, findings in zip(self.ticked, found, strict=True):
            card.findings = findings
            for field, text in checks.blocks(list(findings)).items():
                card.form.add_error(field if field in card.form.fields else None, text)
        return not any(card.form.errors for card in self.ticked)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is wrong: where it stands, in words, and the id to lead to."""
        yield from _problems(self.shared, "")
        for vpc in self.vpcs:
            yield from _problems(vpc.groups, f"{_name(vpc.choices)}: ")
            for card in vpc.cards:
                if card.ticked:
                    where = f"{card.target.short} in {_name(vpc.choices)}"
                    yield from _problems(card.form, f"{where}: ", f"{card.prefix}-card")


def _problems(form: forms.Form, where: str, anchor: str = "") -> Iterator[tuple[str, str, str]]:
    if not form.is_bound:
        return
    for name, texts in form.errors.items():
        shown = name in form.fields and not form[name].is_hidden
        label = str(form[name].label) if shown else ""
        leads = form[name].id_for_label or f"div_{form[name].auto_id}" if shown else anchor
        for text in texts:
            yield f"{where}{label}".removesuffix(": "), str(text), str(leads)


def _name(choices: Choices) -> str:
    return (choices.vpc.name or choices.vpc.aws_id) if choices.vpc else "an unknown VPC"


@lru_cache(maxsize=2048)
def ready_policies(service_name: str, kind: str, region: str, account_id: str) -> Mapping[str, tuple[str, str]]:
    """Return the policies that need no more than the account to be written: title and text, by template."""
    if kind not in ("Gateway", "Interface") or not account_id:
        return {}
    partition = PolicyPlace(service_name, kind, region, account_id).partition
    found = {}
    for item in for_service(service_name, "Gateway" if kind == "Gateway" else "Interface"):
        if item.id == "full-access" or any(one.required for one in item.parameters):
            continue
        try:
            text = item.render({}, region=region, partition=partition, account=account_id)
        except ParameterError:
            continue
        found[item.id] = (item.title, text)
    return found


def title_for(targets: Iterable[Target], bundle: Bundle | None, vpcs: Iterable[InventoryItem]) -> str:
    """Return a title to begin with."""
    names = ", ".join(item.name or item.aws_id for item in vpcs)
    if len(names) > _SHORT_ENOUGH or not names:
        names = _count(len({item.vpc_id for item in targets}), "VPC")
    what = bundle.title if bundle else _count(len(list(targets)), "endpoint")
    return f"{what} in {names}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

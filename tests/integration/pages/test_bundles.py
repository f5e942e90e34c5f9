"""Bundles: everybody's list, and those that a team makes, edits and removes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from endpoints.models import Account, Bundle, Event, User
from tests.integration.pages.conftest import SignIn

LIST, NEW = reverse("bundle_list"), reverse("bundle_new")
MEMBERS = "kms\ns3 Gateway: images\nlogs interface optional: the driver"


def filled_in(user: User, **changes: Any) -> dict[str, Any]:
    return {"name": "Batch", "purpose": "Nightly jobs", "members": MEMBERS, "owner_team": user.teams.get().pk} | changes


def test_a_team_makes_one_and_everybody_asks_with_it(as_: SignIn, engineer: User, outsider: User) -> None:
    assert as_(engineer).post(NEW, filled_in(engineer)).status_code == 302
    bundle = Bundle.objects.get()
    assert [(item.service, item.kind, item.optional, item.why) for item in bundle.as_bundle().members] == [
        ("kms", "Interface", False, ""),
        ("s3", "Gateway", False, "images"),
        ("logs", "Interface", True, "the driver"),
    ]
    event = Event.objects.get(verb="bundle.made")
    assert event.data == {
        "bundle": "Batch",
        "team": "payments",
        "services": ["kms Interface", "s3 Gateway", "logs Interface"],
    }
    page = as_(outsider).get(LIST).content.decode()
    assert "Batch" in page
    assert "Private ECS" in page
    assert bundle.get_absolute_url() not in page
    form = as_(outsider).get(reverse("request_several"), {"bundle": bundle.pk}).content.decode()
    assert "Nightly jobs" in form


def test_its_team_edits_and_removes_it(as_: SignIn, engineer: User, teammate: User, outsider: User) -> None:
    as_(engineer).post(NEW, filled_in(engineer))
    bundle = Bundle.objects.get()
    url = bundle.get_absolute_url()
    shown = as_(teammate).get(url).context["form"]
    assert shown["members"].value().splitlines()[2] == "logs Interface optional: the driver"
    edited = filled_in(engineer, name="Jobs", members="sqs", version=bundle.version)
    assert as_(teammate).post(url, edited).status_code == 302
    # Who had opened it before is told, and keeps what they wrote.
    late = as_(engineer).post(url, filled_in(engineer, name="Mine", version=bundle.version))
    assert late.status_code == 409
    assert late.context["form"]["name"].value() == "Mine"
    bundle.refresh_from_db()
    assert (bundle.name, bundle.version) == ("Jobs", 2)
    assert (
        as_(engineer).post(url, filled_in(engineer, version=late.context["form"]["version"].value())).status_code == 302
    )
    remove = reverse("bundle_remove", args=[bundle.pk])
    assert as_(outsider).post(remove).status_code == 403
    assert as_(teammate).post(remove).status_code == 302
    assert as_(teammate).post(remove).status_code == 404
    assert list(Event.objects.filter(verb__startswith="bundle.").order_by("id").values_list("verb", flat=True)) == [
        "bundle.made",
        "bundle.edited",
        "bundle.edited",
        "bundle.removed",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": "s3 Gateway Interface"}, "Line 1: Choose one type."),
        ({"members": "kms\ns3 Tunnel"}, "Line 2: “Tunnel” isn’t a type"),
        ({"members": "s3\ns3 Gateway"}, "s3 stands here twice"),
        ({"members": "\n"}, "This field is required."),
        ({"members": "kms: \u2800"}, "Nothing of it can be seen."),
        ({"members": "kms: why\u202e"}, "Line 1: Remove the character U+202E"),
        ({"name": "\u115f"}, "Nothing of it can be seen."),
        ({"purpose": "two\nlines"}, "Write it in one line."),
        ({"members": "not/a/name"}, "no short name"),
        ({"members": "\n".join(f"svc{number}" for number in range(41))}, "too many"),
        ({"name": "private ecs"}, "The portal&#x27;s own bundle has this name."),
        ({"name": "BATCH"}, "There is a bundle “BATCH” already."),
        ({"owner_team": "theirs"}, "You can only ask in the name of a team"),
    ],
)
def test_what_cant_be_is_told(as_: SignIn, engineer: User, outsider: User, changes: dict[str, Any], words: str) -> None:
    as_(engineer).post(NEW, filled_in(engineer))
    if "owner_team" in changes:
        changes = {"owner_team": outsider.teams.get().pk}
    response = as_(engineer).post(NEW, filled_in(engineer, name="Other") | changes)
    assert response.status_code == 422
    assert words.replace("’", "&#x27;") in response.content.decode()
    assert Bundle.objects.count() == 1


def test_the_database_refuses_what_no_page_writes(engineer: User) -> None:
    rest: dict[str, Any] = {
        "owner_team": engineer.teams.get(),
        "creator": engineer,
        "created_at": timezone.now(),
        "updated_at": timezone.now(),
    }
    for values in ({"name": "", "members": [{}]}, {"name": "x", "members": []}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Bundle.objects.create(**values, **rest)


def test_the_account_has_nothing_to_do_with_it(account: Account, as_: SignIn, auditor: User) -> None:
    page = as_(auditor).get(LIST)
    assert page.status_code == 200
    assert NEW not in page.content.decode()

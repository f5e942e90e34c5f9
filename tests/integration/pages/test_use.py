"""Evidence of use: uploaded, read by a worker's service, held against a proposed policy, and made into a policy."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from endpoints import tasks
from endpoints.models import Account, Change, Endpoint, EndpointUse, Event, User, UseRecord
from endpoints.models.requests import ChangeAction
from endpoints.policy.evaluate import Request
from endpoints.policy.use.kept import bounded, pack, unpack
from endpoints.policy.use.recorded import Seen
from endpoints.services import requests, use
from endpoints.services.drafts import ChangeDraft, Draft
from portal.uploads import MAX_BODY
from tests import factories
from tests.integration.browsers import browser

ONLY_REPORTS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Reports",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::reports/*",
            }
        ],
    },
    indent=2,
)


@pytest.fixture
def client(engineer: User) -> Client:
    return browser(engineer)


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Endpoint:
    asked = factories.submitted(account, engineer, factories.gateway_spec(account))
    return factories.available(factories.approved(asked, approver))[0]


def event(endpoint: Endpoint, bucket: str, key: str, **fields: Any) -> dict[str, Any]:
    """Return an event as CloudTrail writes it."""
    role = "arn:aws:iam::111122223333:role/app"
    return {
        "eventVersion": "1.11",
        "eventType": "AwsApiCall",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": endpoint.region,
        "eventTime": "2026-11-01T10:00:00Z",
        "sourceIPAddress": "10.0.0.7",
        "recipientAccountId": "111122223333",
        "vpcEndpointId": endpoint.vpc_endpoint_id,
        "requestParameters": {"bucketName": bucket, "key": key},
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/i-1",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}},
        },
    } | fields


def recorded(endpoint: Endpoint) -> bytes:
    """Return what CloudTrail would have written: two buckets, one call elsewhere, one denied, and rubbish."""
    events = [event(endpoint, "reports", f"2026/{number}.csv") for number in range(5)]
    events += [event(endpoint, "archive", "old.csv") for _ in range(3)]
    events += [event(endpoint, "x", "y", vpcEndpointId="vpce-0ffffffffffffffff")]
    events += [event(endpoint, "secret", "z", errorCode="AccessDenied")]
    return "\n".join([*map(json.dumps, events), "rubbish"]).encode()


def uploaded(client: Client, endpoint: Endpoint, data: bytes = b"", **fields: Any) -> Any:
    """Upload a file in the page's form."""
    files = [SimpleUploadedFile("events.json.gz", gzip.compress(data))] if data else []
    return client.post(reverse("endpoint_use", args=[endpoint.pk]), {"uploads": files, **fields}, follow=True)


def proposed(endpoint: Endpoint, engineer: User) -> Change:
    """Ask for a policy that allows less than was used."""
    spec = factories.gateway_spec(endpoint.account, policy_document=ONLY_REPORTS)
    change = ChangeDraft(
        action=ChangeAction.POLICY,
        spec=spec,
        endpoint=endpoint,
        base_generation=endpoint.generation,
        reason="Only reports.",
    )
    draft = Draft(
        account=endpoint.account,
        title="Narrow it",
        justification="Only reports.",
        owner_team=endpoint.owner_team,
        changes=(change,),
    )
    made = requests.submit(draft=draft, by=factories.by(engineer), now=timezone.now(), submission_key=uuid.uuid4())
    return made.changes.get()


class TestUploading:
    """What comes in."""

    def test_it_is_read_and_dropped(self, client: Client, endpoint: Endpoint) -> None:
        page = uploaded(client, endpoint, recorded(endpoint))
        record = UseRecord.objects.get()
        assert record.status == "waiting"
        assert "A worker reads" in page.content.decode()
        live = reverse("endpoint_use_live", args=[endpoint.pk])
        version = page.context["version"]
        assert client.get(live, {"v": version}).status_code == 204
        assert use.due() == [endpoint.pk]
        tasks.read_use(endpoint_id=endpoint.pk)
        assert not use.work(endpoint_id=endpoint.pk)  # the message that came twice
        record.refresh_from_db()
        assert record.upload is None
        assert (record.status, record.through, record.different) == ("read", 8, 6)
        assert (record.elsewhere, record.denied, record.skipped_count) == (1, 1, 1)
        text = client.get(live, {"v": version}).content.decode()
        assert "8 calls, 6 different" in text
        assert "hx-trigger" not in text
        assert Event.objects.filter(verb="use.uploaded", endpoint_id=endpoint.pk).exists()

    def test_pasted_events_are_taken(self, client: Client, endpoint: Endpoint) -> None:
        uploaded(client, endpoint, events=json.dumps([event(endpoint, "reports", "a")]), organization="o-a1b2c3d4e5")
        use.work(endpoint_id=endpoint.pk)
        record = UseRecord.objects.get()
        assert (record.name, record.through) == ("pasted", 1)
        (seen,) = unpack(bytes(record.requests or b""))
        assert seen.request.context["aws:PrincipalOrgID"] == "o-a1b2c3d4e5"

    @pytest.mark.parametrize(
        ("fields", "words"), [({}, "Choose a file"), ({"events": "[]", "organization": "acme"}, "looks like o-")]
    )
    def test_bad_input_is_told(self, client: Client, endpoint: Endpoint, fields: dict[str, str], words: str) -> None:
        page = uploaded(client, endpoint, **fields)
        assert page.status_code == 422
        assert words in page.content.decode()
        assert not UseRecord.objects.exists()

    def test_what_takes_long_goes_on_with_the_next_message(
        self, client: Client, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uploaded(client, endpoint, recorded(endpoint))
        monkeypatch.setattr(use, "READING", timedelta(seconds=-1))
        assert use.work(endpoint_id=endpoint.pk)
        assert use.due() == [endpoint.pk]
        assert UseRecord.objects.get().status == "waiting"

    def test_who_wakes_after_its_lease_leaves_its_heirs_alone(
        self, client: Client, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was the first attempt; so is that of whoever took up what was asked after another had ended it."""
        uploaded(client, endpoint, recorded(endpoint))
        heirs = {"attempts": 1, "asked": 2, "done": 1, "lease_expires_at": timezone.now() + timedelta(minutes=2)}

        def slow(*args: object) -> tuple[()]:
            EndpointUse.objects.update(**heirs)
            return ()

        monkeypatch.setattr(use, "_together", slow)
        use.work(endpoint_id=endpoint.pk)
        assert EndpointUse.objects.values(*heirs).get() == heirs

    def test_what_no_worker_survives_is_refused(self, client: Client, endpoint: Endpoint) -> None:
        uploaded(client, endpoint, recorded(endpoint))
        EndpointUse.objects.update(attempts=use.MAX_ATTEMPTS)
        assert use.work(endpoint_id=endpoint.pk)
        assert UseRecord.objects.get().status == "refused"
        assert use.due() == []

    def test_what_no_database_takes_is_replaced(self, client: Client, endpoint: Endpoint, engineer: User) -> None:
        change = proposed(endpoint, engineer)
        odd = event(endpoint, "archive", "a\x00\ud800b")
        odd["userIdentity"]["arn"] = "arn:aws:sts::111122223333:assumed-role/app/i-\x00\ud800"
        uploaded(client, endpoint, json.dumps(odd).encode())
        assert use.work(endpoint_id=endpoint.pk)
        assert use.due() == []
        assert "would deny 1 of 1" in client.get(change.request.get_absolute_url()).content.decode()

    def test_joined_files_are_read_as_one(self, client: Client, endpoint: Endpoint) -> None:
        one = gzip.compress(json.dumps({"Records": [event(endpoint, "reports", "a")]}).encode())
        files = [SimpleUploadedFile("all.json.gz", one + one)]
        client.post(reverse("endpoint_use", args=[endpoint.pk]), {"uploads": files})
        use.work(endpoint_id=endpoint.pk)
        assert UseRecord.objects.get().through == 2

    def test_what_holds_no_event_is_refused_in_words(self, client: Client, endpoint: Endpoint) -> None:
        uploaded(client, endpoint, b"\x00\xff nothing of the kind")
        use.work(endpoint_id=endpoint.pk)
        record = UseRecord.objects.get()
        assert (record.status, record.upload) == ("refused", None)
        assert "holds no event" in client.get(reverse("endpoint_use", args=[endpoint.pk])).content.decode()

    def test_a_form_that_is_too_large_is_refused_unread(self, client: Client, endpoint: Endpoint) -> None:
        response = client.post(
            reverse("endpoint_use", args=[endpoint.pk]), {"events": "x"}, CONTENT_LENGTH=str(MAX_BODY + 1)
        )
        assert response.status_code in (400, 413)

    def test_its_uploader_and_operators_remove_it(
        self, client: Client, endpoint: Endpoint, teammate: User, operator: User
    ) -> None:
        uploaded(client, endpoint, recorded(endpoint))
        uploaded(client, endpoint, recorded(endpoint))
        newest, oldest = UseRecord.objects.all()
        address = reverse("use_remove", args=[newest.pk])
        assert browser(teammate).post(address).status_code == 403
        assert client.post(address).status_code == 302
        assert browser(operator).post(reverse("use_remove", args=[oldest.pk])).status_code == 302
        assert not UseRecord.objects.exists()


class TestHoldingAgainst:
    """A proposed policy, before it is approved."""

    def test_the_reviewer_reads_what_would_be_denied(
        self, client: Client, endpoint: Endpoint, engineer: User, approver: User
    ) -> None:
        uploaded(client, endpoint, recorded(endpoint))
        use.work(endpoint_id=endpoint.pk)
        change = proposed(endpoint, engineer)
        reviewer = browser(approver)
        address = change.request.get_absolute_url()
        live = reverse("request_use", args=[change.request_id, change.pk])
        assert live in reviewer.get(address).content.decode()
        assert reviewer.get(live).status_code == 204
        use.work(endpoint_id=endpoint.pk)
        text = reviewer.get(live).content.decode()
        assert "would deny 3 of 8 recorded calls" in text
        assert "arn:aws:s3:::archive" in text
        assert "2026/1.csv" not in text
        (link,) = re.findall(r'href="(/simulator/[^"]*)"', text)
        assert reviewer.get(unescape(link)).context["answer"].title == "Not allowed by anything"
        assert "would deny 3 of 8" in reviewer.get(address).content.decode()

    def test_later_evidence_counts_too(self, client: Client, endpoint: Endpoint, engineer: User) -> None:
        change = proposed(endpoint, engineer)
        assert "Recorded use against" not in client.get(change.request.get_absolute_url()).content.decode()
        uploaded(client, endpoint, json.dumps(event(endpoint, "reports", "a")).encode())
        use.work(endpoint_id=endpoint.pk)
        assert "allows all 1 recorded call" in client.get(change.request.get_absolute_url()).content.decode()
        assert not EndpointUse.objects.due().exists()

    def test_the_smallest_policy_fills_the_editor(self, client: Client, endpoint: Endpoint) -> None:
        uploaded(client, endpoint, recorded(endpoint))
        use.work(endpoint_id=endpoint.pk)
        page = client.get(reverse("endpoint_use", args=[endpoint.pk])).content.decode()
        address = f"{reverse('endpoint_policy_new', args=[endpoint.pk])}?suggest=use"
        assert address in page
        form = client.get(address)
        document = form.context["form"]["policy_document"].value()
        assert "arn:aws:s3:::archive/old.csv" in document
        assert form.context["form"]["access"].value() == "custom"
        assert "smallest policy for what was recorded" in form.content.decode()


class TestKeepingWithinBounds:
    """However much was recorded."""

    def seen(self, resource: str, **context: str) -> Seen:
        return Seen(Request("arn:aws:iam::1:role/a", "s3:GetObject", resource, None, context), 2, "b", "c", 1)

    def test_what_is_packed_comes_out_the_same(self) -> None:
        seen = (self.seen("arn:aws:s3:::b/\x00k"), self.seen("arn:aws:s3:::b/k", **{"aws:SourceIp": "10.0.0.1"}))
        assert unpack(pack(seen)) == seen

    def test_addresses_go_first_then_names_then_the_rarest(self) -> None:
        several = [self.seen("arn:aws:s3:::b/k", **{"aws:VpcSourceIp": f"10.0.0.{number}"}) for number in range(9)]
        (one,) = bounded(several, 5)
        assert (one.count, one.unsure) == (18, "")
        keys = [self.seen(f"arn:aws:s3:::b/{folder}/{number}") for folder in "xy" for number in range(9)]
        assert {one.request.resource for one in bounded(keys, 5)} == {"arn:aws:s3:::b/x/*", "arn:aws:s3:::b/y/*"}
        (one,) = bounded(keys, 1)
        assert (one.request.resource, one.count) == ("arn:aws:s3:::b/*", 36)
        assert one.unsure
        buckets = [self.seen(f"arn:aws:s3:::b{number}/k") for number in range(9)]
        assert len(bounded(buckets, 5)) == 5

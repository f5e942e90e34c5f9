"""An endpoint as code on its page and as files."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.urls import reverse

from endpoints.models import Account, User
from tests import factories as make
from tests.integration.pages.conftest import SignIn

HOSTILE = '"><script>alert(1)</script>${x}'


@pytest.fixture
def endpoint(account: Account, engineer: User, approver: User) -> Any:
    """Return an available Interface endpoint with a hostile name."""
    request = make.submitted(account, engineer, make.interface_spec(account, name=HOSTILE), title="Secrets")
    return make.available(make.approved(request, approver))[0]


def test_the_page_shows_every_format_and_copies_what_it_shows(endpoint: Any, engineer: User, as_: SignIn) -> None:
    page = as_(engineer).get(reverse("endpoint_export", args=[endpoint.pk])).content.decode()
    shown = re.findall(r"<code>(.*?)</code>", page, re.DOTALL)
    copied = re.findall(r'data-copy="(.*?)" data-copy-name="the', page, re.DOTALL)
    assert shown == copied
    assert len(shown) == 3
    assert "<script>alert" not in page
    terraform = html.unescape(shown[0])
    assert f'id = "{endpoint.vpc_endpoint_id}"' in terraform
    assert r'"\"><script>alert(1)</script>$${x}"' in terraform
    assert (
        'href="' + reverse("endpoint_export", args=[endpoint.pk])
        in as_(engineer).get(endpoint.get_absolute_url()).content.decode()
    )


@pytest.mark.parametrize(("key", "suffix"), [("terraform", "tf"), ("cloudformation", "yaml"), ("cli", "sh")])
def test_each_format_is_a_file(endpoint: Any, engineer: User, as_: SignIn, key: str, suffix: str) -> None:
    response = as_(engineer).get(reverse("endpoint_export", args=[endpoint.pk]), {"download": key})
    assert response["Content-Disposition"] == f'attachment; filename="{endpoint.vpc_endpoint_id}.{suffix}"'
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.startswith(b"# In account ")


def test_an_unknown_format_is_not_there(endpoint: Any, engineer: User, as_: SignIn) -> None:
    address = reverse("endpoint_export", args=[endpoint.pk])
    assert as_(engineer).get(address, {"download": "pulumi"}).status_code == 404


def test_what_aws_has_not_is_not_imported(account: Account, engineer: User, approver: User, as_: SignIn) -> None:
    make.approved(make.submitted(account, engineer), approver)
    found = make.Endpoint.objects.get()
    response = as_(engineer).get(reverse("endpoint_export", args=[found.pk]), {"download": "terraform"})
    assert b"import {" not in response.content
    assert 'filename="s3.tf"' in response["Content-Disposition"]


def test_what_nobody_manages_is_exported_as_aws_has_it(account: Account, engineer: User, as_: SignIn) -> None:
    row = make.unmanaged(account)
    address = reverse("unmanaged_export", args=[row.pk])
    page = as_(engineer).get(address).content.decode()
    assert row.vpc_endpoint_id in page
    assert "goes on managing it" not in page
    assert address in as_(engineer).get(reverse("endpoint_unmanaged")).content.decode()

"""The pieces that pages are made of: what each says to someone who doesn't see colours, and where its links lead."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path
from django.utils.html import strip_tags


def start(request: HttpRequest) -> HttpResponse:
    """Answer for the one route that error pages lead to."""
    return HttpResponse()


urlpatterns = [path("start/", start, name="home")]


def render(component: str, request: HttpRequest | None = None, **values: Any) -> str:
    """Return a component, drawn from `values` alone, with one space for any white space."""
    context = Context(values)
    context.request = request
    return re.sub(r"\s+", " ", get_template(f"components/{component}.html").template.render(context))


def text(html: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(html)).strip()


def span(words: str, token: str = "", *, marked: bool = False) -> SimpleNamespace:
    return SimpleNamespace(text=words, token=token, marked=marked)


def change(before: tuple[SimpleNamespace, ...] | None, after: tuple[SimpleNamespace, ...] | None) -> SimpleNamespace:
    return SimpleNamespace(
        kind="changed",
        before=before,
        before_number=None if before is None else 5,
        after=after,
        after_number=None if after is None else 6,
    )


def diff_of(*rows: SimpleNamespace) -> str:
    difference = SimpleNamespace(rows=rows, added=2, removed=1)
    return render("diff", difference=difference, before_label="Revision 3", after_label="Revision 4")


class EndpointForm(forms.Form):
    title = forms.CharField()
    kind = forms.ChoiceField(choices=[("Gateway", "Gateway")], widget=forms.RadioSelect)

    def clean(self) -> None:
        raise forms.ValidationError("Choose a VPC first.")


def test_a_difference_reads_without_colour() -> None:
    html = diff_of(change((span('"a"', "string"),), (span('"b"', "string"),)))
    assert "removed: &quot;a&quot;" in text(html)
    assert "added: &quot;b&quot;" in text(html)
    assert "Revision 3 on the left, Revision 4 on the right: 2 lines added, 1 removed." in text(html)


def test_a_difference_shows_an_added_line_on_the_right_only() -> None:
    html = diff_of(change(None, (span("{"),)))
    assert "added: {" in text(html)
    assert "removed: " not in text(html)
    assert html.count('class="line nothing"') == 1


def test_a_difference_tells_how_many_lines_it_leaves_out() -> None:
    assert "1 unchanged line " in diff_of(SimpleNamespace(kind="skip", hidden=1)).replace("<", " <")
    assert "12 unchanged lines" in diff_of(SimpleNamespace(kind="skip", hidden=12))


def test_a_difference_keeps_white_space_and_escapes_what_people_wrote() -> None:
    spans = (span("    "), span('"<script>"', "string", marked=True))
    html = render_to_string("components/policy_line.html", {"spans": spans})
    assert html == '    <mark class="token-string">&quot;&lt;script&gt;&quot;</mark>'


@pytest.mark.parametrize("tone", ["ok", "busy", "warn", "bad", "muted"])
def test_a_status_is_words_and_a_shape_whatever_its_tone(tone: str) -> None:
    html = render("status", status=SimpleNamespace(label="Waits", tone=tone))
    assert text(html) == "Waits"
    assert f"tone-{tone}" in html
    assert "<svg" in html or 'class="dot"' in html


def test_a_stepper_marks_the_current_step_and_says_the_state_of_each_in_words() -> None:
    states = ("done", "current", "todo")
    html = render("stepper", steps=[SimpleNamespace(label=f"Step {s}", state=s, sub="", at=None) for s in states])
    assert html.count('aria-current="step"') == 1
    assert "Step done, done" in text(html)
    assert "Step current, in progress" in text(html)
    assert "Step todo, not started" in text(html)


def test_a_failed_step_says_so_and_where_it_stopped() -> None:
    failed = SimpleNamespace(label="Provisioning", state="failed", sub="RouteAlreadyExists", at=None)
    html = render("stepper", steps=[failed])
    assert "Provisioning, failed RouteAlreadyExists" in text(html)
    assert 'aria-current="step"' in html


def test_a_time_carries_the_exact_moment_in_utc() -> None:
    moment = datetime(2026, 3, 1, 14, 30, 5, tzinfo=UTC)
    html = render("time", t=moment)
    assert 'title="2026-03-01 14:30:05 UTC"' in html
    assert 'datetime="2026-03-01T14:30:05+00:00"' in html


def test_a_time_that_has_not_come_says_so() -> None:
    assert text(render("time", t=None)) == "–not yet"


def test_a_copy_button_names_what_it_copies() -> None:
    html = render("identifier", value="vpce-0a1b", label="endpoint ID")
    assert 'data-copy="vpce-0a1b"' in html
    assert 'aria-label="Copy endpoint ID vpce-0a1b"' in html


def test_pages_of_a_list_keep_its_filters() -> None:
    request = RequestFactory().get("/requests/?status=approved&page=2")
    html = render("pagination", page_obj=Paginator(range(95), 20).page(2), request=request)
    assert 'href="?status=approved&amp;page=1"' in html
    assert 'href="?status=approved&amp;page=3"' in html
    assert "21–40 of 95" in html


def test_a_list_without_entries_has_no_pages() -> None:
    assert render("pagination", page_obj=Paginator([], 20).page(1), request=RequestFactory().get("/")).strip() == ""


def test_the_error_summary_leads_to_each_field_and_names_what_belongs_to_none() -> None:
    html = render("error_summary", form=EndpointForm({}))
    assert '<a href="#id_title">Title</a>: This field is required.' in html
    assert '<a href="#div_id_kind">Kind</a>' in html  # a group of radio buttons has no one field
    assert "Choose a VPC first." in html
    assert "data-error-summary" in html


def test_the_error_summary_stays_away_without_errors() -> None:
    assert render("error_summary", form=EndpointForm()).strip() == ""


def test_findings_say_how_grave_they_are_and_their_cure() -> None:
    finding = SimpleNamespace(severity="block", message="The subnet is full.", cure="Choose another.")
    assert text(render("findings", findings=[finding])) == "Blocks: The subnet is full. Choose another."


def test_a_finding_on_a_policy_leads_to_its_rule() -> None:
    findings = [
        SimpleNamespace(rule=rule, severity="warn", message="It is.", cure="")
        for rule in ("policy-full-access", "policy-never-was", "source-ip")
    ]
    html = render("findings", findings=findings)
    assert html.count("<a ") == 1
    assert "#full-access" in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "409", "429", "500"])
@override_settings(ROOT_URLCONF=__name__)
def test_an_error_page_needs_no_more_than_the_route_home(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert f'<p class="code">{name[:3]}</p>' in html
    assert '<a class="btn btn-primary" href="/start/">Go to the start page</a>' in html


@override_settings(ROOT_URLCONF=__name__)
def test_a_refusal_says_why() -> None:
    html = render_to_string("403.html", {"exception": "Only approvers of this account may approve."})
    assert "Only approvers of this account may approve." in html


@override_settings(ROOT_URLCONF=__name__)
def test_a_conflict_leads_to_the_current_state() -> None:
    html = render_to_string("409.html", {"exception": "The request was edited.", "url": "/requests/7/"})
    assert "The request was edited." in html
    assert 'href="/requests/7/"' in html

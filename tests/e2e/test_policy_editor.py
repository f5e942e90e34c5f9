"""The policy editor, as someone meets it who asks for an endpoint."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import factories

WITH_ERROR = '{"Version": "2012-10-17",\n"Statement": ]}'
NO_EFFECT = '{"Version": "2012-10-17",\n"Statement": [\n{"Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'


@pytest.fixture
def form(page: Page, live_server: LiveServer, login: Callable[..., None]) -> Page:
    """Return the form of a new request, with a policy of one's own chosen."""
    factories.make_account()
    login(factories.make_engineer())
    page.goto(f"{live_server.url}{reverse('request_new')}")
    page.locator("[name=access][value=custom]").check()
    return page


def editor(page: Page) -> Locator:
    return page.locator("policy-editor .cm-content")


def write(page: Page, text: str) -> None:
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def focused_in_editor(page: Page) -> bool:
    return bool(page.evaluate("document.activeElement?.shadowRoot?.activeElement != null"))


def test_the_editor_carries_the_fields_name_and_fills_the_field(form: Page) -> None:
    label = form.locator("label[for=id_policy_document]")
    label.click()
    assert focused_in_editor(form)
    assert label.inner_text().rstrip("* ") in (editor(form).get_attribute("aria-label") or "")
    write(form, NO_EFFECT)
    expect(form.locator("#id_policy_document")).to_have_value(NO_EFFECT)


def test_what_is_typed_gets_closing_brackets_and_can_be_undone(form: Page) -> None:
    write(form, " ")
    form.keyboard.press("Control+a")
    form.keyboard.type('{"a"')
    expect(form.locator("#id_policy_document")).to_have_value('{"a"}')
    form.keyboard.press("Control+z")
    expect(form.locator("#id_policy_document")).not_to_have_value('{"a"}')


def test_the_count_is_of_what_aws_gets(form: Page) -> None:
    count = form.locator("policy-editor .policy-editor-note")
    write(form, '{"Sid" :\n    "two  spaces \\" stay"' + " " * 21_000 + "\n}")
    expect(count).to_contain_text("29 of 20,480 characters without white space")


def test_an_error_of_json_is_marked_at_its_line(form: Page) -> None:
    write(form, WITH_ERROR)
    expect(form.locator("policy-editor .findings")).to_contain_text("Not JSON from here on")
    expect(form.locator("policy-editor .findings button")).to_have_text("Line 2")
    expect(form.locator("policy-editor .cm-lint-marker-error")).to_have_count(1)


def test_what_the_policy_checks_find_stands_at_its_line_with_its_cure(form: Page) -> None:
    write(form, NO_EFFECT)
    finding = form.locator("policy-editor .findings li").filter(has_text="Effect").first
    expect(finding).to_contain_text("Blocks")
    finding.get_by_role("button").click()
    assert focused_in_editor(form)
    expect(form.locator("policy-editor .cm-lint-marker-error").first).to_be_visible()


def test_tab_indents_and_escape_then_tab_leaves(form: Page) -> None:
    write(form, "{}")
    form.keyboard.press("Tab")
    assert focused_in_editor(form)
    form.keyboard.press("Escape")
    form.keyboard.press("Tab")
    assert not focused_in_editor(form)


def test_the_editor_survives_being_moved(form: Page) -> None:
    write(form, "{}")
    form.evaluate("document.querySelector('main').append(document.querySelector('policy-editor'))")
    expect(editor(form)).to_have_count(1)
    expect(editor(form)).to_contain_text("{}")
    expect(form.locator("#id_policy_document")).to_be_hidden()


def test_full_access_hides_the_editor(form: Page) -> None:
    expect(editor(form)).to_be_visible()
    form.locator("[name=access][value=full]").check()
    expect(editor(form)).to_be_hidden()


def test_without_a_script_the_field_itself_is_there(
    form: Page, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    plain = new_context(java_script_enabled=False, storage_state=form.context.storage_state()).new_page()
    plain.goto(f"{live_server.url}{reverse('request_new')}")
    plain.locator("[name=access][value=custom]").check()
    plain.locator("#id_policy_document").fill("{}")
    expect(plain.locator("#id_policy_document")).to_have_value("{}")


def test_a_policy_that_was_written_is_there_on_the_way_back(form: Page) -> None:
    write(form, NO_EFFECT)
    form.get_by_role("link", name="Cancel").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Requests")
    form.go_back()
    expect(editor(form)).to_contain_text("s3:GetObject")
    expect(form.locator("#id_policy_document")).to_have_value(NO_EFFECT)

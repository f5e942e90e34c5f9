"""Selects that are written in one go read, character for character, as Django's own templates write them."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe

from endpoints.forms.renderer import Renderer

PLAIN = [("", "Choose"), ("a", "First"), (2, "Second"), (3000.5, "Large")]
GROUPS = [
    ("", "Choose"),
    ("Ours & theirs", [("x", "<b>X</b>"), ('"y"', "Y")]),
    ("Rest", [("z", mark_safe("<i>Z</i>"))]),
]


@pytest.mark.parametrize(
    ("widget", "value"),
    [
        (forms.Select(choices=PLAIN), "a"),
        (forms.Select(choices=PLAIN), None),
        (forms.Select(choices=[]), "a"),
        (forms.Select(choices=GROUPS), '"y"'),
        (forms.SelectMultiple(choices=GROUPS), ["x", "z"]),
        (forms.NullBooleanSelect(), "true"),
        (forms.Select(choices=PLAIN, attrs={"hx-get": "/a?b&c", "disabled": True, "hidden": False, "size": 4}), 2),
        (forms.Select(choices=PLAIN, attrs={"title": mark_safe("a&amp;b"), "data-x": '"><script>'}), "nothing"),
    ],
)
def test_it_is_what_django_writes(widget: forms.Select, value: Any) -> None:
    attrs = {"id": "id_it", "required": True}
    ours = widget.render("it", value, attrs, renderer=Renderer())
    assert ours == widget.render("it", value, attrs, renderer=DjangoTemplates())
    assert "<script" not in ours


def test_other_widgets_are_left_to_django() -> None:
    area = forms.Textarea()
    assert area.render("it", "<", {}, renderer=Renderer()) == area.render("it", "<", {}, renderer=DjangoTemplates())

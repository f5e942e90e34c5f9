"""How widgets become HTML: as Django writes them, but a list of hundreds of options in one go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_SELECT = "django/forms/widgets/select.html"


class Renderer(DjangoTemplates):
    """Django's renderer, without a template for each option of a select, and one more for the option's attributes.

    A region offers some 250 services and may have hundreds of VPCs: two thirds of the form's time were these templates.
    """

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Return a widget as HTML, character for character as Django's templates write it."""
        if template_name == _SELECT:
            return select(context["widget"])
        return super().render(template_name, context, request)


def select(widget: Mapping[str, Any]) -> SafeString:
    """Return a select, from the context that Django's widget gives."""
    lines = []
    for group, options, _ in widget["optgroups"]:
        inner = [
            f'\n  <option value="{_text(option["value"])}"{_attributes(option["attrs"])}>'
            f"{conditional_escape(option['label'])}</option>\n"
            for option in options
        ]
        if group:
            inner = [f'\n  <optgroup label="{conditional_escape(group)}">', *inner, "\n  </optgroup>"]
        lines += inner
    head = f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>'
    # Whatever comes from outside was escaped above.
    return mark_safe(f"{head}{''.join(lines)}\n</select>")  # noqa: S308


def _attributes(attrs: Mapping[str, Any]) -> str:
    given = [(name, value) for name, value in attrs.items() if value is not False]
    return "".join(
        f" {conditional_escape(name)}" if value is True else f' {conditional_escape(name)}="{_text(value)}"'
        for name, value in given
    )


def _text(value: Any) -> str:
    return conditional_escape(value if isinstance(value, SafeString) else str(value))

"""Starting a policy from a template: which one, its values, and the text that goes into the editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.policy.role import partition_of
from endpoints.policy.templates import Expected, Parameter, ParameterError, Template, for_service
from endpoints.policy.templates.kinds import Choice

CHOOSE, FILL = "template", "fill"
"""The actions of a form that a chooser takes."""
_VALUE = "template_"
_REPLACE = "template_replace"


@dataclass(frozen=True, slots=True)
class Place:
    """The endpoint that a template is for. Empty texts as long as nothing is chosen."""

    service_name: str
    vpc_endpoint_type: str
    region: str
    account_id: str

    @property
    def partition(self) -> str:
        """Return the partition of the region."""
        return partition_of([self.region])


class Chooser:
    """The part of a form that fills the policy's editor. `data` is what the form sent; none where it is shown first.

    `existing` is the text that the editor starts with: replacing it, or what is blank, asks nobody.
    """

    def __init__(self, place: Place, data: QueryDict | None = None, *, existing: str = "") -> None:
        self._place = place
        self._data = data if data is not None else QueryDict()
        self._existing = existing
        self.asks_to_replace = False
        self.filled = False
        self.errors: dict[str, list[str]] = {}

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """Return the templates for the endpoint, those of its service first."""
        kind = self._place.vpc_endpoint_type
        if kind == "Gateway":
            return for_service(self._place.service_name, "Gateway")
        return for_service(self._place.service_name, "Interface") if kind == "Interface" else ()

    @cached_property
    def chosen(self) -> Template | None:
        """Return the template that the form names."""
        name = self._data.get("template", "")
        return next((item for item in self.templates if item.id == name), None)

    @cached_property
    def form(self) -> TemplateForm | None:
        """Return the fields of the chosen template's values."""
        if self.chosen is None:
            return None
        sent = self._data.get("template_shown") == self.chosen.id or bool(self.errors)
        form = TemplateForm(self._data if sent else None, template=self.chosen, initial=self._kept(self.chosen))
        for name, problems in self.errors.items():
            form.add_error(_VALUE + name if _VALUE + name in form.fields else None, problems)
        return form

    def _kept(self, template: Template) -> dict[str, Any]:
        """Return the values that were typed for another template and that this one asks for, too."""
        return {
            _VALUE + item.name: self._data.getlist(_VALUE + item.name)
            if isinstance(item.kind, Choice)
            else self._data.get(_VALUE + item.name, "\n".join(item.default))
            for item in template.parameters
        }

    def fill(self, text: str) -> str | None:
        """Return the chosen template's policy for an editor that holds `text`.

        None if its values can't be taken (`errors` says why), or if the text would be lost and nobody has agreed
        (`asks_to_replace`).
        """
        if self.chosen is None:
            return None
        try:
            made = self.chosen.render(self._values(), **self._where)
        except ParameterError as error:
            self.errors = {name: [str(one) for one in found] for name, found in error.by_field().items()}
            return None
        worth = text.strip() and text.strip() not in (self._existing.strip(), made.strip())
        if worth and not self._data.get(_REPLACE):
            self.asks_to_replace = True
            return None
        self.filled = True
        return made

    @property
    def expected(self) -> tuple[Expected, ...]:
        """Return requests with the answers that the policy gives, after it was filled in."""
        return self.chosen.expected(self._values(), **self._where) if self.chosen and self.filled else ()

    @property
    def _where(self) -> dict[str, str]:
        return {
            "region": self._place.region,
            "partition": self._place.partition,
            "account": self._place.account_id,
        }

    def _values(self) -> Mapping[str, str | Sequence[str]]:
        if self.chosen is None:
            return {}
        found = {item.name: self._data.getlist(_VALUE + item.name) for item in self.chosen.parameters}
        return {name: [part for part in parts if part.strip()] for name, parts in found.items()}


class TemplateForm(forms.Form):
    """The values of one template."""

    def __init__(self, *args: Any, template: Template, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for item in template.parameters:
            self.fields[_VALUE + item.name] = _field(item)


def _field(item: Parameter) -> forms.Field:
    """Return the field of a value. What is wrong with it the template says, in words that name the cure."""
    words: dict[str, Any] = {"label": item.label, "help_text": item.help, "required": False}
    if isinstance(item.kind, Choice):
        widget = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=[(word, word) for word in item.kind.words], widget=widget, **words)
    attributes = {"spellcheck": "false", "class": "mono few", "placeholder": item.examples[0]}
    if item.required:
        words["label"] = f"{item.label} (needed)"
    if item.many:
        return forms.CharField(widget=forms.Textarea(attrs={**attributes, "rows": 2}), **words)
    return forms.CharField(widget=forms.TextInput(attrs=attributes), **words)

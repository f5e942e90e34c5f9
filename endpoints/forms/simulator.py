"""The simulator's form: one request, and the policies that it passes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict

from endpoints.domain.specs import AWS_ID
from endpoints.forms.parts import MAX_POLICY_INPUT, tidy_policy
from endpoints.models import Endpoint, EndpointRequest, User
from endpoints.policy.evaluate.decisions import PolicyKind
from endpoints.policy.question import LEVELLED, MEMBERS, PoliciesError, read_levels, read_policies
from endpoints.services import simulations
from endpoints.services.simulations import Source, Taken

ENDPOINT, REQUEST, TEXT, NONE = "endpoint", "request", "text", "none"
MAX_QUESTION = 400_000
"""Characters of all policies of a question together."""
MAX_ROWS = 50
"""Values of condition keys."""
MAX_KEY, MAX_VALUE = 200, 2048
"""Characters of a condition key, and of one value; the page's fields take no more either."""
_NO_ENDPOINT = "There is no such endpoint, or you may not see it. Write its id, such as vpce-0a1b2c3d."
_NO_REQUEST = "There is no such request, or you may not see it. Write its number, such as REQ-12."
_ROWS = ("context_key", "context_value")


def _editor(label: str, help_text: str, rows: int = 6) -> forms.CharField:
    attributes = {"rows": rows, "spellcheck": "false", "class": "mono"}
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        strip=False,
        max_length=MAX_POLICY_INPUT,
        widget=forms.Textarea(attrs=attributes),
    )


_SEVERAL = "One policy, or a list of them: [ {…}, {…} ]."
_LEVELS = "One policy, a list of them, or a list of lists: one for each level, from the root to the account."
OTHERS: dict[PolicyKind, tuple[str, str]] = {
    "identity": ("Identity policies", f"Of the user or role. {_SEVERAL}"),
    "resource": ("Resource policy", "Of the bucket, key, queue or whatever the request is about."),
    "permissions_boundary": ("Permissions boundary", "The most that the identity's policies can grant."),
    "session": ("Session policies", f"Passed when the role was assumed. {_SEVERAL}"),
    "service_control": ("Service control policies", f"Of the caller's organization. {_LEVELS}"),
    "resource_control": ("Resource control policies", f"Of the resource's organization. {_LEVELS}"),
}
"""What stands beside the endpoint policy, with its words."""


class SimulatorForm(forms.Form):
    """One question. Bound by POST or by the address; `user` says which endpoints and requests may be named."""

    policy_from = forms.ChoiceField(
        label="Endpoint policy",
        widget=forms.RadioSelect,
        choices=[
            (ENDPOINT, "The one in force at an endpoint"),
            (REQUEST, "The one that a request proposes"),
            (TEXT, "This text"),
            (NONE, "None: leave it out"),
        ],
        initial=TEXT,
    )
    endpoint = forms.CharField(
        label="Endpoint",
        required=False,
        max_length=60,
        help_text="Its id in AWS, or the number in the address of its page.",
        widget=forms.TextInput(attrs={"list": "endpoints-known", "autocomplete": "off", "class": "mono"}),
    )
    revision = forms.IntegerField(
        label="Revision",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="Empty: the one in force.",
    )
    request = forms.CharField(label="Request", required=False, max_length=24, help_text="Its number, such as REQ-12.")
    endpoint_policy = _editor("Endpoint policy", "JSON, at most 20,480 characters without its white space.", 12)
    principal = forms.CharField(
        label="Principal",
        max_length=2048,
        help_text="Who asks: the ARN of a role, user or session, an account's number, or * for nobody in particular.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    action = forms.CharField(
        label="Action",
        max_length=200,
        help_text="One action, such as s3:GetObject.",
        widget=forms.TextInput(
            attrs={"class": "mono", "list": "actions-known", "spellcheck": "false", "autocomplete": "off"}
        ),
    )
    resource = forms.CharField(
        label="Resource",
        max_length=2048,
        help_text="Its ARN, or * for an action that is about nothing in particular.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    resource_account = forms.RegexField(
        r"^[0-9]{12}$",
        label="Account of the resource",
        required=False,
        max_length=12,
        help_text="Twelve digits, where the ARN doesn't say it, as with S3. Empty: taken to be the caller's.",
        error_messages={"invalid": "An account has twelve digits."},
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "numeric"}),
    )
    identity = _editor(*OTHERS["identity"])
    resource_policy = _editor(*OTHERS["resource"])
    permissions_boundary = _editor(*OTHERS["permissions_boundary"])
    session = _editor(*OTHERS["session"])
    service_control = _editor(*OTHERS["service_control"])
    resource_control = _editor(*OTHERS["resource_control"])

    def __init__(self, *args: Any, user: User, rows: list[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user
        self.rows = rows if rows is not None else read_rows(self.data)
        """Condition keys with their values, one value a row, as they were typed."""
        self.rows_error = ""
        self._policies: dict[str, Any] = {}
        self._taken: Taken | None = None

    @property
    def blank_rows(self) -> range:
        """Return numbers for the empty rows below those that are filled in."""
        return range(len(self.rows) + 1, len(self.rows) + 3)

    @property
    def others(self) -> list[tuple[forms.BoundField, bool]]:
        """Return the fields of the policies beside the endpoint's, and whether there is something in each."""
        return [(self[name], bool(self[name].value() or self[name].errors)) for name in map(field_of, OTHERS)]

    # --- Judging -----------------------------------------------------------------------------------------------------
    def clean_action(self) -> str:
        """Ask for one action."""
        action: str = self.cleaned_data["action"]
        service, colon, name = action.partition(":")
        if not (service and colon and name) or set("*?") & set(action):
            raise forms.ValidationError("Write one action with its service, such as s3:GetObject; no wildcards.")
        return action

    def clean_endpoint_policy(self) -> str:
        """Keep the author's text."""
        return tidy_policy(self.cleaned_data["endpoint_policy"])

    def clean(self) -> dict[str, Any]:
        """Read the policies."""
        values: dict[str, Any] = super().clean() or {}
        self._read_endpoint_policy(values)
        for kind in OTHERS:
            self._read_policies(kind, tidy_policy(values.get(field_of(kind), "")))
        self._read_rows()
        if sum(len(str(values.get(name, ""))) for name in ("endpoint_policy", *map(field_of, OTHERS))) > MAX_QUESTION:
            self.add_error(None, f"The policies together are longer than {MAX_QUESTION:,} characters. Leave some out.")
        if not self._policies and not self.errors:
            self.add_error("policy_from", "Without any policy there is nothing to ask. Name one.")
        return values

    def _read_endpoint_policy(self, values: Mapping[str, Any]) -> None:
        where = values.get("policy_from")
        if where == ENDPOINT:
            self._taken = self._of_endpoint(values)
        elif where == REQUEST:
            self._taken = self._of_request(values)
        elif where == TEXT:
            text = values.get("endpoint_policy", "")
            if not text.strip():
                self.add_error("endpoint_policy", "Write a policy, or choose where to take it from.")
                return
            try:
                self._policies["endpoint_policies"] = read_policies(text)
            except PoliciesError as error:
                self.add_error("endpoint_policy", str(error))
        if self._taken is not None:
            self._policies["endpoint_policies"] = [self._taken.text]

    def _of_endpoint(self, values: Mapping[str, Any]) -> Taken | None:
        endpoint = find_endpoint(self._user, values.get("endpoint", ""))
        if endpoint is None:
            self.add_error("endpoint", _NO_ENDPOINT)
            return None
        taken = simulations.policy_of_endpoint(endpoint=endpoint, revision=values.get("revision"))
        if taken is None:
            self.add_error("revision", "Its policy has no such revision.")
        return taken

    def _of_request(self, values: Mapping[str, Any]) -> Taken | None:
        request = find_request(self._user, values.get("request", ""))
        if request is None:
            self.add_error("request", _NO_REQUEST)
            return None
        taken = simulations.policy_of_request(request=request)
        if taken is None:
            self.add_error("request", "It proposes no policy.")
        return taken

    def _read_policies(self, kind: PolicyKind, text: str) -> None:
        if not text.strip():
            return
        try:
            levels = read_levels(text) if kind in LEVELLED else [read_policies(text)]
        except PoliciesError as error:
            self.add_error(field_of(kind), str(error))
            return
        if kind == "resource" and len(levels[0]) != 1:
            self.add_error(field_of(kind), "A resource has one policy. Write that one.")
            return
        self._policies[MEMBERS[kind]] = (
            levels if kind in LEVELLED else levels[0][0] if kind == "resource" else levels[0]
        )

    def _read_rows(self) -> None:
        if len(self.rows) > MAX_ROWS:
            self.rows_error = f"{len(self.rows)} values are too many; give at most {MAX_ROWS}."
        elif any("\x00" in part for row in self.rows for part in row):
            self.rows_error = "Null characters are not allowed."
        elif any(len(key) > MAX_KEY or len(value) > MAX_VALUE for key, value in self.rows):
            self.rows_error = f"A key has at most {MAX_KEY} characters, a value {MAX_VALUE:,}. Shorten them."
        elif any(not key for key, _ in self.rows):
            self.rows_error = "Name the key of each value, such as aws:PrincipalOrgID."
        if self.rows_error:
            self.add_error(None, f"Condition keys: {self.rows_error}")

    # --- What it comes to --------------------------------------------------------------------------------------------
    @property
    def source(self) -> Source:
        """Return where the endpoint policy comes from. Only after `is_valid()`."""
        return self._taken.source if self._taken else Source()

    def question(self) -> dict[str, Any]:
        """Return the question, as `policy.question` has it. Only after `is_valid()`."""
        values = self.cleaned_data
        asked: dict[str, Any] = {name: values[name].strip() for name in ("principal", "action", "resource")}
        if values["resource_account"]:
            asked["resource_account"] = values["resource_account"]
        if context := _context(self.rows):
            asked["context"] = context
        return {"request": asked, **self._policies}


def field_of(kind: PolicyKind) -> str:
    """Return the name of the field for the policies of a kind; `resource` is the ARN's."""
    return "resource_policy" if kind == "resource" else str(kind)


def read_rows(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the condition keys with their values that a form or an address names, empty rows aside."""
    if not isinstance(data, QueryDict):
        return []
    keys, values = (data.getlist(name) for name in _ROWS)
    values += [""] * (len(keys) - len(values))
    return [(key.strip(), value) for key, value in zip(keys, values, strict=False) if key.strip() or value]


def _context(rows: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return the context; a key that stands there several times, letter case aside, has all these values."""
    names: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for key, value in rows:
        found.setdefault(names.setdefault(key.lower(), key), []).append(value)
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


def find_endpoint(user: User, text: str) -> Endpoint | None:
    """Return the endpoint of an id of AWS or of ours that a person may see, or None."""
    rows = Endpoint.objects.visible_to(user).select_related("account")
    text = text.strip()
    if text.isdecimal() and len(text) < 10:
        return rows.filter(pk=int(text)).first()
    return rows.filter(vpc_endpoint_id=text).order_by("-pk").first() if AWS_ID.match(text) else None


def find_request(user: User, text: str) -> EndpointRequest | None:
    """Return the request of a number that a person may see, or None."""
    number = text.strip().upper().removeprefix("REQ-")
    if not (number.isdecimal() and len(number) < 10):
        return None
    return EndpointRequest.objects.visible_to(user).filter(pk=int(number)).first()

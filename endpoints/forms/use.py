"""The form that takes evidence of use: files with events, or pasted ones."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from endpoints.services.use import MAX_UPLOAD

MAX_FILES = 20
MAX_PASTED = 500_000
_MEGABYTES = MAX_UPLOAD // 1024 // 1024


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Several files, or none."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Return the files that hold something."""
        return [super(_FilesField, self).clean(one, initial) for one in data or ()]


class UseForm(forms.Form):
    """Events as CloudTrail writes them."""

    uploads = _FilesField(
        label="Files",
        required=False,
        widget=_Files(attrs={"class": "form-control", "accept": ".json,.gz,.ndjson,.jsonl,.txt"}),
        help_text=f"CloudTrail's own files, or one event a line; gzip or plain, {_MEGABYTES} MB together. "
        "Many files join into one: cat *.json.gz > all.json.gz",
        error_messages={"empty": "A file is empty. Leave it out."},
    )
    events = forms.CharField(
        label="Or paste events",
        required=False,
        strip=False,
        max_length=MAX_PASTED,
        widget=forms.Textarea(
            attrs={"rows": 5, "spellcheck": "false", "class": "mono few"},
        ),
        help_text='JSON: {"Records": […]}, a list, or one event a line.',
    )
    organization = forms.RegexField(
        r"^o-[a-z0-9]{10,32}$",
        label="Organization of the callers",
        required=False,
        max_length=34,
        help_text="Such as o-a1b2c3d4e5. CloudTrail doesn't record it; policies often ask for it.",
        error_messages={"invalid": "An organization's id looks like o-a1b2c3d4e5."},
        widget=forms.TextInput(attrs={"class": "mono"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for something."""
        values: dict[str, Any] = super().clean() or {}
        files = values.get("uploads") or []
        if len(files) > MAX_FILES:
            self.add_error("uploads", f"{len(files)} files are too many at once; choose at most {MAX_FILES}.")
        if sum(one.size or 0 for one in files) > MAX_UPLOAD:
            self.add_error(
                "uploads", f"They are larger than {_MEGABYTES} MB together. Send fewer at once, or compress."
            )
        if not files and not values.get("events", "").strip() and not self.errors:
            self.add_error("uploads", "Choose a file with events, or paste some.")
        return values

    def given(self) -> list[tuple[str, bytes]]:
        """Return the names and contents. Only after `is_valid()`."""
        found = [(one.name or "file", one.read()) for one in self.cleaned_data["uploads"]]
        pasted = self.cleaned_data["events"]
        return [*found, ("pasted", pasted.encode())] if pasted.strip() else found

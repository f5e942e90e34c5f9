"""What the browser loads: everything that pages name exists, and what was built is what its sources give."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
PORTAL = PROJECT / "static" / "portal"
ICON = re.compile(r"""include ["']components/icon\.html["'] with name=(?:[\w.]+\|default:)?["']([\w-]+)["']""")
# The component that shows an empty list takes its icon as an argument.
EMPTY_ICON = re.compile(r"""include ["']components/empty\.html["'][^%]*\bicon=["']([\w-]+)["']""")
STATIC = re.compile(r"""\{%\s*static\s+["']([^"']+)["']""")
# An http address, up to what can't belong to it.
ADDRESS = re.compile(r"""https?://[^\s"'<>)]+""")


def named_in_templates(pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """Return what `pattern` finds in the templates, each with the templates that name it."""
    found: dict[str, list[str]] = {}
    for template in TEMPLATES:
        for name in pattern.findall(template.read_text()):
            found.setdefault(name, []).append(str(template.relative_to(PROJECT)))
    return found


def sprite() -> ElementTree.Element:
    return ElementTree.fromstring((PORTAL / "icons.svg").read_text())  # noqa: S314  # our own file


def icon_names() -> set[str]:
    return {symbol.attrib["id"] for symbol in sprite()}


def locked_packages() -> dict[str, dict[str, object]]:
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    packages: dict[str, dict[str, object]] = lock["packages"]
    return packages


def test_every_static_file_that_a_template_names_exists() -> None:
    named = named_in_templates(STATIC)
    assert "portal/portal.css" in named
    missing = {path: templates for path, templates in named.items() if not finders.find(path)}
    assert missing == {}


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = named_in_templates(ICON) | named_in_templates(EMPTY_ICON)
    assert "search" in named
    assert {name: named[name] for name in named.keys() - icon_names()} == {}


def test_the_sprite_holds_exactly_the_listed_icons() -> None:
    listed = json.loads((PROJECT / "assets" / "icons.json").read_text())
    assert listed == sorted(set(listed))
    assert icon_names() == set(listed)
    assert all(len(symbol) > 0 for symbol in sprite())


def test_every_file_that_the_stylesheet_names_exists() -> None:
    urls = re.findall(r"""url\(["']?([^"')]+)["']?\)""", (PORTAL / "portal.css").read_text())
    assert urls
    assert [url for url in urls if not (PORTAL / url).is_file()] == []


def test_a_file_that_is_edited_while_the_sandbox_runs_is_served_as_it_is_now(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.STATICFILES_DIRS = [tmp_path]
    for written in ("one {}", "one {} two {}"):
        (tmp_path / "edited.css").write_text(written)
        answer = client.get("/static/edited.css")
        assert b"".join(answer) == written.encode()  # type: ignore[arg-type]
        assert answer["Content-Length"] == str(len(written))


def test_no_template_carries_an_inline_style_or_script() -> None:
    # The Content-Security-Policy would refuse it without a word on the page.
    inline = re.compile(r"""<style|\sstyle=|\son\w+=["']|<script(?![^>]*\ssrc=)|javascript:""", re.IGNORECASE)
    assert [str(path.relative_to(PROJECT)) for path in TEMPLATES if inline.search(path.read_text())] == []


def test_pages_load_nothing_from_another_host() -> None:
    ours = [
        path for path in PORTAL.glob("*") if path.suffix in {".css", ".js", ".svg"} and path.name != "policy-editor.js"
    ]
    found = {
        (path.name, address)
        for path in [*TEMPLATES, *ours]
        for address in ADDRESS.findall(path.read_text())
        if address != "http://www.w3.org/2000/svg"  # a name, not an address to load from
    }
    assert found == set()


def test_every_asset_package_is_pinned_to_one_version() -> None:
    package = json.loads((PROJECT / "package.json").read_text())
    versions = package["devDependencies"]
    assert {name: version for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert locked_packages()[""]["devDependencies"] == versions


def entries_with_addresses(packages: dict[str, dict[str, object]]) -> Iterator[str]:
    """Yield the packages whose entry says where to download from; where to give money is no such address."""
    for name, entry in packages.items():
        facts = {key: value for key, value in entry.items() if key != "funding"}
        if "resolved" in facts or ADDRESS.search(json.dumps(facts)):
            yield name


def test_the_lock_names_no_host_to_download_from_and_a_hash_for_each_package() -> None:
    packages = locked_packages()
    assert list(entries_with_addresses(packages)) == []
    assert [name for name, entry in packages.items() if name and "integrity" not in entry] == []


def test_what_was_built_is_what_its_sources_give() -> None:
    npm = shutil.which("npm")
    if npm is None or not (PROJECT / "node_modules" / "esbuild").is_dir():
        pytest.skip(
            "NOT RUN: the committed assets were not rebuilt, because node_modules is missing; run `npm ci` first"
        )
    run = subprocess.run([npm, "run", "--silent", "check"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

"""What axe-core finds on a page, in light and in dark colours, without looking twice at what was looked at before.

Most of a page stands on others as well, word for word or in the same colours; examining all of it on a hundred pages
takes minutes. So the frame round a page is examined once for each wording, and colours once for each way in which
text is coloured: an element's kind, classes and states together with those of everything around it.
"""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# Only what is wrong is worked out in full. Preloading copies stylesheets into inline ones, which the security policy
# reports; none of these rules reads them.
_OPTIONS = {"resultTypes": ["violations"], "preload": False}
_SHAPE = {**_OPTIONS, "runOnly": _STANDARDS, "rules": {name: {"enabled": False} for name in _COLOUR_RULES}}
_COLOURS = {**_OPTIONS, "runOnly": {"type": "rule", "values": _COLOUR_RULES}}
_AXE = Axe().axe_script
# What stands round each page: most of what a page consists of, and the same on many.
_FRAMES = "header, footer, aside, #nav-sidebar caption, #nav-sidebar tr"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')

_EXAMINE_SHAPE = """([frames, known, options]) => {
  const exclude = [...document.querySelectorAll(frames)].filter((_, index) => known[index]);
  return axe.run(exclude.length ? { include: [document], exclude } : document, options).then((it) => it.violations);
}"""
# Marks each element that shows text with how it is coloured, and returns the different ways. What another element
# covers or hides is coloured, too, once it is seen. The editor keeps its text in a shadow root: it is always new.
_COLOURINGS = """() => {
  const states_of = /^(style|type|disabled|open|data-[a-z]+|aria-(current|selected|disabled|invalid|pressed|sort))$/;
  const words = (element) => {
    const states = [...element.attributes].filter(({ name }) => states_of.test(name));
    const kept = states.map(({ name, value }) => name + "=" + value);
    return [element.localName, element.getAttribute("class") ?? "", ...kept.sort()].join(" ");
  };
  const hash = (text, seed) => {
    let sum = seed;
    for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 16777619);
    return sum >>> 0;
  };
  const chains = new Map();
  const chain = (element) => {
    if (!element) return 2166136261;
    if (!chains.has(element)) chains.set(element, hash(words(element), chain(element.parentElement)));
    return chains.get(element);
  };
  window.portalColours = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const fields = ["input", "select", "textarea"].includes(element.localName);
    if (!(texts || fields || element.shadowRoot) || !element.checkVisibility()) continue;
    const key = element.shadowRoot ? `new ${Math.random()}` : String(chain(element));
    const same = window.portalColours.get(key) ?? [];
    window.portalColours.set(key, [...same, element]);
  }
  return [...window.portalColours.keys()];
}"""
# Of elements that are coloured in one way, the first ones stand for all.
_EXAMINE_COLOURS = """([fresh, options]) => {
  const include = fresh.flatMap((key) => window.portalColours.get(key).slice(0, 3));
  return axe.run({ include }, options).then((it) => it.violations);
}"""

_examined: set[tuple[str, str]] = set()


def violations(page: Page) -> list[str]:
    """Return axe's findings in light and in dark colours, a line each; the page's own theme is kept."""
    theme = page.evaluate("document.documentElement.dataset.bsTheme ?? null")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    _wear(page, "light")
    found = page.evaluate(_EXAMINE_SHAPE, [_FRAMES, _frames_examined_before(page), _SHAPE])
    lines = [_line("any colours", item) for item in found] + _wrong_colours(page, "light")
    _wear(page, "dark")
    lines += _wrong_colours(page, "dark")
    page.emulate_media(color_scheme="null")
    page.evaluate("theme => { if (theme) document.documentElement.dataset.bsTheme = theme }", theme)
    return lines


def _wear(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("scheme => { document.documentElement.dataset.bsTheme = scheme }", scheme)


def _wrong_colours(page: Page, scheme: str) -> list[str]:
    fresh = [key for key in page.evaluate(_COLOURINGS) if (scheme, key) not in _examined]
    if not fresh:
        return []
    lines = [_line(scheme, item) for item in page.evaluate(_EXAMINE_COLOURS, [fresh, _COLOURS])]
    if not lines:  # what is wrong is told on each page that has it
        _examined.update((scheme, key) for key in fresh)
    return lines


def _line(scheme: str, found: Any) -> str:
    return f"{scheme}: {found['id']} ({found['impact']}) at {[node['target'] for node in found['nodes']][:3]}"


def _frames_examined_before(page: Page) -> list[bool]:
    """Return which of a page's frames were examined on another page, word for word: axe looks at each of them once."""
    known = []
    for html in page.evaluate("frames => [...document.querySelectorAll(frames)].map(it => it.outerHTML)", _FRAMES):
        frame = ("frame", _TOKEN.sub("", html))
        known.append(frame in _examined)
        _examined.add(frame)
    return known

"""What axe-core finds on a page, in light and in dark colours, without looking twice at what was looked at before.

Most of a page stands on others as well, word for word or in the same colours; examining all of it on a hundred pages
takes minutes. So the frame round a page is examined once for each wording, and colours once for each combination: of a
text's own colour, size and weight with all that is painted behind it. Where axe can't decide, the same combination is
examined again wherever other markup (classes and states) leads to it.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from axe_playwright_python.base import AXE_FILE_PATH
from django.templatetags.static import static
from playwright.sync_api import Page

_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOUR_RULES = ["color-contrast", "link-in-text-block"]
# Only what is wrong is worked out in full. Preloading copies stylesheets into inline ones, which the security policy
# reports; none of these rules reads them.
_OPTIONS = {"resultTypes": ["violations", "incomplete"], "preload": False, "elementRef": True}
# What is hidden axe only lists, for people to look at; it can be no violation.
_ALL = {**_OPTIONS, "runOnly": _STANDARDS, "rules": {"hidden-content": {"enabled": False}}}
_COLOURS = {**_OPTIONS, "runOnly": {"type": "rule", "values": _COLOUR_RULES}}
AXE = AXE_FILE_PATH
"""The file of axe-core, which `tests/e2e/conftest.py` has the portal serve among its static files."""
# What stands round each page: most of what a page consists of, and the same on many.
_FRAMES = "header, footer, aside, #nav-sidebar caption, #nav-sidebar tr"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')

# Notes for each element that shows text what its colours come from, and the markup that leads there: what axe can't
# decide in one place (something stands in front) it may in another. What another element covers or hides is coloured,
# too, once it is seen. The editor's shadow root is always new.
_COLOURINGS = """(scheme) => {
  document.documentElement.dataset.bsTheme = scheme;
  const states_of = /^(style|type|disabled|open|data-[a-z]+|aria-(current|selected|disabled|invalid|pressed|sort))$/;
  const hash = (text, seed) => {
    let sum = seed;
    for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 16777619);
    return sum >>> 0;
  };
  const words = (element) => {
    const states = [...element.attributes].filter(({ name }) => states_of.test(name));
    const kept = states.map(({ name, value }) => name + "=" + value);
    return [element.localName, element.getAttribute("class") ?? "", ...kept.sort()].join(" ");
  };
  const clear = { backgroundColor: "rgba(0, 0, 0, 0)", backgroundImage: "none", opacity: "1", filter: "none",
    mixBlendMode: "normal" };
  const lifted = ["absolute", "fixed", "sticky"];
  const layer = (element) => {
    const style = getComputedStyle(element);
    const own = Object.keys(clear).filter((name) => style[name] !== clear[name]);
    const off = element.disabled || element.ariaDisabled === "true" || element.control?.disabled;
    const over = lifted.includes(style.position) ? " over" : "";
    return own.map((name) => name + style[name]).join(" ") + over + (off ? " off" : "");
  };
  const passed_on = (step) => {
    const known = new Map();
    const chain = (element) => {
      if (!element) return 2166136261;
      if (!known.has(element)) {
        const above = chain(element.parentElement), added = step(element);
        known.set(element, added ? hash(added, above) : above);
      }
      return known.get(element);
    };
    return chain;
  };
  const markup = passed_on(words), layers = passed_on(layer);
  const text_of = (element) => {
    const { color, fontSize, fontWeight, fontStyle, textShadow, textDecorationLine } = getComputedStyle(element);
    return [color, fontSize, fontWeight, fontStyle, textShadow, textDecorationLine].join(" ");
  };
  const colours = (element) => {
    const kind = element.localName === "a" ? `a in ${text_of(element.parentElement)}` : element.localName;
    return String(hash([kind, element.getAttribute("type"), text_of(element)].join(" "), layers(element)));
  };
  window.portalColours = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    const texts = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const fields = ["input", "select", "textarea"].includes(element.localName);
    if (!(texts || fields || element.shadowRoot) || !element.checkVisibility()) continue;
    const ways = element.shadowRoot ? `new ${Math.random()}` : `${colours(element)} ${markup(element)}`;
    window.portalColours.set(ways, [...(window.portalColours.get(ways) ?? []), element]);
  }
  return [...window.portalColours.keys()];
}"""
# Of elements that are coloured in one way, the first ones stand for all; the rules on colours pass over others. What
# is coloured anew inside an excluded frame is examined by these rules alone. An image behind a text belongs to its
# combination: that is decided nowhere.
_EXAMINE = """([names, fresh, frames, known, options, colours]) => {
  const chosen = new Set(fresh.flatMap((ways) => window.portalColours.get(ways).slice(0, 3)));
  const inside = (node) => node.getRootNode().host ?? node;
  if (!window.portalChosen) {
    for (const rule of axe._audit.rules.filter(({ id }) => names.includes(id))) {
      const fits = rule.matches;
      rule.matches = (node, ...rest) => window.portalChosen.has(inside(node)) && fits.call(rule, node, ...rest);
    }
  }
  window.portalChosen = chosen;
  const exclude = [...document.querySelectorAll(frames)].filter((_, index) => known[index]);
  const apart = [...chosen].filter((node) => !options || exclude.some((frame) => frame.contains(node)));
  const runs = [];
  if (options) runs.push(() => axe.run(exclude.length ? { include: [document], exclude } : document, options));
  if (apart.length) runs.push(() => axe.run({ include: apart }, colours));
  return runs.reduce((before, run) => before.then((all) => run().then((one) => [...all, one])), Promise.resolve([]))
    .then((all) => {
      const image = ({ data }) => ["bgImage", "bgGradient"].includes(data?.messageKey);
      const about = all.flatMap(({ incomplete }) => incomplete).filter(({ id }) => names.includes(id));
      const unsure = about.flatMap(({ nodes }) => nodes.filter(({ any }) => !any.some(image)));
      const open = new Set(unsure.map(({ element }) => inside(element)));
      const undecided = fresh.filter((ways) => window.portalColours.get(ways).some((element) => open.has(element)));
      const told = ({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ target }) => ({ target })) });
      return [all.flatMap(({ violations }) => violations.map(told)), undecided];
    });
}"""

_examined: set[tuple[str, str]] = set()


def violations(page: Page) -> list[str]:
    """Return axe's findings in light and in dark colours, a line each; the page's own theme is kept."""
    theme, there = page.evaluate("[document.documentElement.dataset.bsTheme ?? null, 'axe' in window]")
    if not there:
        page.add_script_tag(url=static(AXE.name))
    lines = _examine(page, "light", _ALL) + _examine(page, "dark")
    page.emulate_media(color_scheme="null")
    page.evaluate("theme => { if (theme) document.documentElement.dataset.bsTheme = theme }", theme)
    return lines


def _examine(page: Page, scheme: Literal["light", "dark"], options: dict[str, Any] | None = None) -> list[str]:
    """Return what is wrong with colours that were not examined before and, by `options`, with all but known frames."""
    page.emulate_media(color_scheme=scheme)
    fresh = [ways for ways in page.evaluate(_COLOURINGS, scheme) if not _was_examined(scheme, ways)]
    if not fresh and options is None:
        return []
    known = _frames_examined_before(page) if options else []
    found, undecided = page.evaluate(_EXAMINE, [_COLOUR_RULES, fresh, _FRAMES, known, options, _COLOURS])
    if not any(item["id"] in _COLOUR_RULES for item in found):  # what is wrong is told on each page that has it
        _examined.update((scheme, ways) for ways in fresh)
        _examined.update((scheme, _colours(ways)) for ways in set(fresh) - set(undecided))
    return [_line(scheme if item["id"] in _COLOUR_RULES else "any colours", item) for item in found]


def _was_examined(scheme: str, ways: str) -> bool:
    return (scheme, ways) in _examined or (scheme, _colours(ways)) in _examined


def _colours(ways: str) -> str:
    """Return the part of a way that names colours, whatever markup leads to them."""
    return ways if ways.startswith("new") else ways.partition(" ")[0]


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

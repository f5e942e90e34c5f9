/*
 * What people typed, ticked and unfolded is kept: while an answer is under way, and on the way back. Loaded before app.js,
 * which tells what was chosen before the scripts arrived.
 */
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /* --- Typed meanwhile ---------------------------------------------------------------------------------------------- *
   * An answer brings fields as they were when it was asked for. What was typed or ticked since then is put back, and told
   * to what depends on it: the question about it may have gone with a part that was replaced. What was unfolded and
   * where the cursor was stays so.
   */
  const typedAt = new Map(); // field: when
  const askedAt = new WeakMap(); // request: when
  const leftAt = new WeakMap(); // request: how its answer found the page

  const isTick = (field) => field.type === "checkbox" || field.type === "radio";

  /** The fields that the page has now, by name: looked up once for all of a page with a thousand ticks. */
  class Fields {
    constructor() {
      this.named = new Map();
      for (const field of all("#main form [name]")) {
        if (!this.named.has(field.name)) this.named.set(field.name, []);
        this.named.get(field.name).push(field);
      }
    }

    stateOf(field) {
      const { name, value, checked, selectionEnd: caret = null } = field;
      return { name, tick: isTick(field), value, checked, caret, nth: this.named.get(name)?.indexOf(field) };
    }

    same({ name, tick, value, nth }) {
      const fields = this.named.get(name) ?? [];
      return tick ? fields.find((field) => field.value === value) : fields[nth];
    }
  }

  function putBack({ tick, value, checked, caret }, now) {
    if (!now) return; // what it was about is gone
    if (tick) now.checked = checked;
    else if (now.value !== value && (!now.options || [...now.options].some((option) => option.value === value))) {
      now.value = value;
      if (caret !== null && now === document.activeElement) now.setSelectionRange(caret, caret);
    }
    queueMicrotask(() => now.dispatchEvent(new Event("change", { bubbles: true }))); // when this answer is dealt with
  }

  const FOCUSED = "a, button, summary, input, select, textarea";

  // The how manyth of its kind within the next thing around it that has a name.
  function placeOf(element, kind) {
    const home = element.closest("[id]");
    return home ? `${home.id} ${all(kind, home).indexOf(element)}` : "";
  }

  function elementAt(place, kind) {
    const [id, number] = place.split(" ");
    const home = document.getElementById(id);
    return home ? all(kind, home)[number] : null;
  }

  document.addEventListener("input", (event) => {
    if (event.target.name && event.target.form) typedAt.set(event.target, performance.now());
  });
  document.body.addEventListener("htmx:beforeSend", (event) => askedAt.set(event.detail.xhr, performance.now()));
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, shouldSwap } = event.detail;
    if (!shouldSwap) return;
    for (const field of typedAt.keys()) if (!field.isConnected) typedAt.delete(field);
    const since = [...typedAt].filter(([, at]) => at > askedAt.get(xhr)).map(([field]) => field);
    const fields = new Fields();
    const kept = since.map((field) => [field, fields.stateOf(field)]);
    const known = new Set(all("#main details"));
    const open = new Set([...known].filter((details) => details.open).map((details) => placeOf(details, "details")));
    const focus = document.activeElement;
    leftAt.set(xhr, { kept, known, open, focus, at: placeOf(focus, FOCUSED) });
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const left = leftAt.get(event.detail.xhr);
    if (!left) return;
    leftAt.delete(event.detail.xhr);
    const fields = new Fields();
    for (const [field, state] of left.kept) putBack(state, field.isConnected ? field : fields.same(state));
    for (const details of all("#main details")) {
      if (!left.known.has(details) && left.open.has(placeOf(details, "details"))) details.open = true;
    }
    // htmx sees to what has a name of its own.
    if (!left.focus.isConnected && document.activeElement === document.body) elementAt(left.at, FOCUSED)?.focus();
  });

  /* --- The way back -------------------------------------------------------------------------------------------------- *
   * A browser that loads a page again on the way back restores the fields that it was made with, save for those with
   * suggestions of the portal's own (autocomplete="off"). Those, and what came with an answer, are restored here, the
   * latter when they come again. It is kept for this tab and address, until somebody comes there anew or signs out; not
   * in the history's state, since to change that counts as a navigation for what drives browsers.
   */
  const PREFIX = "kept:";
  const place = () => PREFIX + location.pathname + location.search;
  const came = performance.getEntriesByType("navigation")[0]?.type;

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(place()) ?? "[]");
    } catch (error) {
      return []; // storage is off
    }
  }

  function keep(states) {
    try {
      sessionStorage.setItem(place(), JSON.stringify(states));
    } catch (error) {
      // Storage is off or full: then it is as it would be without this file.
    }
  }

  function forget(names) {
    try {
      for (const name of names ?? Object.keys(sessionStorage)) {
        if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
      }
    } catch (error) {
      // Storage is off: nothing was kept.
    }
  }

  const lasts = (field) =>
    field.matches("input, select, textarea") &&
    !/^(hidden|password|file)$/.test(field.type) &&
    !field.closest("policy-editor");
  let awaited = []; // what is not there yet

  function restore(states, fields) {
    for (const state of states) {
      const field = fields.same(state);
      const differs = state.tick ? field.checked !== state.checked : field.value !== state.value;
      if (differs) putBack({ ...state, caret: null }, field);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!document.getElementById("signed-out")) return forget(); // nobody is signed in: what is kept is nobody's
    if (came === "navigate" && !("answersForm" in document.body.dataset)) return forget([place()]);
    const fields = new Fields();
    const states = kept();
    awaited = states.filter((state) => !fields.same(state));
    // Who loads a page again where the browser empties its fields has all of them emptied.
    const own = came === "back_forward" ? states.filter((state) => fields.same(state)?.autocomplete === "off") : [];
    restore(own, fields);
  });

  document.addEventListener("change", () => {
    if ("answersForm" in document.body.dataset || !document.getElementById("signed-out")) return;
    const fields = new Fields();
    const states = [...fields.named.values()].flat().filter(lasts).map((field) => fields.stateOf(field));
    if (states.length) keep([...states, ...awaited]);
  });

  // Another choice goes on from here. Words that are written meanwhile change nothing about what is to come.
  document.addEventListener("input", (event) => event.isTrusted && event.target.matches("[hx-get]") && (awaited = []));

  document.body.addEventListener("htmx:afterRequest", () => {
    if (!awaited.length) return;
    const fields = new Fields();
    const come = awaited.filter((state) => fields.same(state));
    awaited = awaited.filter((state) => !come.includes(state));
    restore(come, fields);
  });
})();

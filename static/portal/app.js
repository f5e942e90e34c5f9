/*
 * Behaviour shared by all pages. Everything works without this file; it only makes it more comfortable.
 * Sections: theme, toasts, copy, times, polling, answers, signed out, keyboard, menus, forms. What people typed is kept by
 * kept.js.
 */
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /* --- Theme ------------------------------------------------------------------------------------------------------ */
  const root = document.documentElement;

  function labelThemeToggle() {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    document.getElementById("theme-toggle")?.setAttribute("aria-label", `Switch to the ${next} theme`);
  }

  document.getElementById("theme-toggle")?.addEventListener("click", () => {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.bsTheme);
    } catch (error) {
      // Storage is off: the choice lasts until the next page.
    }
    labelThemeToggle();
  });
  document.addEventListener("theme:shown", labelThemeToggle); // theme.js, when the system's theme has changed
  labelThemeToggle();

  /* --- Toasts ----------------------------------------------------------------------------------------------------- */
  function toast(text) {
    const box = document.createElement("div");
    box.className = "toast align-items-center";
    // #toasts is the live region, so that the box has no role of its own (it would be read twice).
    const row = document.createElement("div");
    row.className = "d-flex";
    const body = document.createElement("div");
    body.className = "toast-body";
    body.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close me-2 m-auto";
    close.dataset.bsDismiss = "toast";
    close.setAttribute("aria-label", "Close");
    row.append(body, close);
    box.append(row);
    document.getElementById("toasts")?.append(box);
    box.addEventListener("hidden.bs.toast", () => box.remove());
    new window.bootstrap.Toast(box, { delay: 4000 }).show();
  }

  // A view may answer with the header HX-Trigger: {"toast": "Saved"}.
  document.body.addEventListener("toast", (event) => toast(String(event.detail?.value ?? event.detail)));

  /* --- Copy buttons: <button data-copy="vpce-..."> ---------------------------------------------------------------- */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      toast(`Copied ${button.dataset.copyName || button.dataset.copy}`);
    } catch (error) {
      toast("The browser did not allow copying. Select the text and press Ctrl+C.");
    }
  });

  /* --- Times: <time datetime data-relative> ----------------------------------------------------------------------- */
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const UNITS = [
    [60, "second", 1],
    [3600, "minute", 60],
    [86400, "hour", 3600],
    [30 * 86400, "day", 86400],
    [365 * 86400, "month", 30 * 86400],
    [Infinity, "year", 365 * 86400],
  ];

  function inWords(moment) {
    const seconds = (moment - Date.now()) / 1000;
    if (Math.abs(seconds) < 10) return seconds > 1 ? "in a moment" : "just now";
    const [, unit, length] = UNITS.find(([below]) => Math.abs(seconds) < below);
    // What was is told in whole units that have passed; what comes is rounded: a token of 30 days ends in 30 days.
    return relative.format(seconds > 0 ? Math.round(seconds / length) : Math.trunc(seconds / length), unit);
  }

  function refreshTimes(within = document) {
    for (const time of all("time[data-relative]:not([datetime=''])", within)) {
      const words = inWords(new Date(time.dateTime));
      // Writing only what changed keeps a selection of the text alive.
      if (time.textContent !== words) time.textContent = words;
    }
  }

  refreshTimes();
  setInterval(refreshTimes, 15000);

  /* --- Polling: hx-trigger="poll from:body" ----------------------------------------------------------------------- *
   * One timer for the page, and only while someone looks at it. Jitter spreads the clients; the pause grows while
   * nothing changes and while the server doesn't answer. A finished fragment carries no trigger, so polling ends.
   */
  const FASTEST = 2500;
  const SLOWEST = 30000;
  const polled = "[hx-trigger~='poll']";
  let pause = FASTEST;
  let lastAnswer = Date.now();
  let timer = 0;

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(poll, pause * (0.85 + Math.random() * 0.3));
  }

  function poll() {
    if (!document.hidden && document.querySelector(polled)) {
      pause = Math.min(pause * 1.15, SLOWEST);
      document.body.dispatchEvent(new CustomEvent("poll"));
    }
    schedule();
  }

  function showStale(isStale) {
    const banner = document.getElementById("stale");
    if (!banner || banner.hidden === !isStale) return;
    if (isStale) banner.querySelector("time").dateTime = new Date(lastAnswer).toISOString();
    banner.hidden = !isStale;
    refreshTimes(banner);
  }

  const isPolled = (event) => event.detail.elt?.matches?.(polled);

  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (!isPolled(event)) return;
    const status = event.detail.xhr?.status ?? 0;
    const answered = status > 0 && status < 500 && status !== 401;
    if (answered) lastAnswer = Date.now();
    if (answered && status !== 204) pause = FASTEST; // something changed: look again soon
    if (!answered) pause = Math.min(pause * 2, SLOWEST);
    showStale(!answered && status !== 401);
  });

  function lookNow() {
    if (document.hidden) return;
    pause = FASTEST;
    clearTimeout(timer);
    poll();
  }

  document.addEventListener("visibilitychange", lookNow);
  window.addEventListener("online", lookNow);
  window.addEventListener("offline", () => showStale(Boolean(document.querySelector(polled))));
  schedule();

  /* --- Answers that are no fragment -------------------------------------------------------------------------------- *
   * A whole page in answer to htmx is the sign-in page (the session ended) or a refusal (shown in place of this page's
   * content; in a form that somebody fills in only what it says, in place of the fragment).
   */
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (!/^\s*<!doctype html/i.test(event.detail.xhr.responseText)) return;
    if (event.detail.xhr.status < 400) {
      event.detail.shouldSwap = false;
      tellSignedOut();
      return;
    }
    if (event.detail.target.closest("form[method=post]")) {
      event.detail.selectOverride = ".problem > :is(p:not(.code), .actions)";
      event.detail.swapOverride = "innerHTML";
      return;
    }
    event.detail.target = document.getElementById("main");
    event.detail.selectOverride = "#main";
    event.detail.swapOverride = "outerHTML";
  });

  /* --- Signed out meanwhile ----------------------------------------------------------------------------------------- *
   * Where something was typed, it stays: the person signs in in another tab and goes on here, with that session's
   * token in every form. So does an answer to a form, which to load again would send the form without a session.
   * Elsewhere the page loads again, which asks to sign in.
   */
  const signedOut = document.getElementById("signed-out");

  const isTyped = (field) =>
    field.matches("select, [type=checkbox], [type=radio]")
      ? isChosen(field)
      : field.type !== "hidden" && field.value !== field.defaultValue;

  function tellSignedOut() {
    const fields = all("#main form[method=post] :is(input, select, textarea)");
    if (!signedOut || !("answersForm" in document.body.dataset || fields.some(isTyped))) return location.reload();
    signedOut.hidden = false;
    goOn(); // may be signed in again already, in another tab
  }

  async function goOn() {
    if (document.hidden || !signedOut || signedOut.hidden) return;
    const answer = await fetch(signedOut.dataset.ask).catch(() => null);
    if (!answer?.ok || new URL(answer.url).pathname === signedOut.querySelector("a").pathname) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
    if (!token) return;
    for (const field of all("[name=csrfmiddlewaretoken]")) field.value = token;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    signedOut.hidden = true;
    toast("You are signed in again. Go on.");
  }

  document.addEventListener("visibilitychange", goOn);
  window.addEventListener("focus", goOn);

  const REFUSALS = {
    403: "You may not do this. Load the page again to see what has changed.",
    404: "This no longer exists. Load the page again.",
    429: "Too many attempts. Wait a minute and try again.",
  };

  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) return tellSignedOut();
    if (isPolled(event)) return;
    toast(REFUSALS[event.detail.xhr.status] ?? "The portal could not do this. Try again in a moment.");
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    if (!isPolled(event)) toast("The portal doesn’t answer. Check your connection and try again.");
  });

  /* --- Keyboard: "/" goes to the search field --------------------------------------------------------------------- */
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    const within = document.activeElement;
    if (within?.closest("input, textarea, select, policy-editor, [contenteditable]")) return;
    const search = document.getElementById("search");
    if (!search) return;
    event.preventDefault();
    const menu = document.getElementById("navigation");
    const field = () => search.focus();
    if (search.checkVisibility?.() === false && menu) {
      menu.addEventListener("shown.bs.collapse", field, { once: true });
      window.bootstrap.Collapse.getOrCreateInstance(menu).show();
    } else {
      field();
    }
  });

  /* --- Menus: <details class="menu"> closes on Escape and on a click elsewhere ------------------------------------- */
  document.addEventListener("click", (event) => {
    for (const menu of all("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  /* --- Forms ------------------------------------------------------------------------------------------------------ */
  function focusErrors(within = document) {
    const summary = within.querySelector("[data-error-summary]");
    if (summary) summary.focus();
  }

  const SENDING = 10000;
  const buttonsOf = (form) => [...form.elements].filter((element) => element.type === "submit");

  function letSendAgain(form) {
    delete form.dataset.submitting;
    buttonsOf(form).forEach((button) => (button.disabled = false));
  }

  // A browser calls itself offline where only the portal can be reached, such as one on the same machine: ask.
  async function sendIfReached(form, submitter) {
    if (await fetch("/healthz").catch(() => null)) {
      form.dataset.reached = "yes";
      form.requestSubmit(submitter);
    } else {
      toast("You are offline. What you wrote is still here: send it when the connection is back.");
    }
  }

  // A second press while the first is under way would only be refused by the server; don't let it happen.
  // Disabled a moment later, since a disabled button would be left out of what the form sends.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!navigator.onLine && form.method === "post" && !form.dataset.reached) {
      event.preventDefault(); // the browser's own page of an error would take this one's place, and what is typed here
      sendIfReached(form, event.submitter);
      return;
    }
    delete form.dataset.reached;
    const leaves = form.method === "post" && form.target !== "_blank" && !form.matches("[hx-post], [data-hx-post]");
    if (event.defaultPrevented || !leaves) return;
    if (form.dataset.submitting) {
      event.preventDefault();
      return;
    }
    form.dataset.submitting = "yes";
    setTimeout(() => buttonsOf(form).forEach((button) => (button.disabled = true)), 0);
    setTimeout(() => letSendAgain(form), SENDING); // whoever is still here stopped it, or the network did
  });

  // Back from the next page: the browser restores this one as it was left, buttons included.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    all("form[data-submitting]").forEach(letSendAgain);
  });

  // A link in the error summary puts the cursor into the field, also where an editor covers it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const target = field.closest("policy-editor") || field.querySelector?.("input, select, textarea") || field;
    target.focus();
    target.scrollIntoView({ block: "center" });
  });

  focusErrors();

  // What was chosen before the scripts arrived is told to what depends on it, and so is what the browser restores on the
  // way back, which Chromium does as late as that. htmx began to listen for DOMContentLoaded first: it is ready by then.
  const told = new WeakSet();

  function isChosen(field) {
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.type === "radio") return field.checked && !field.defaultChecked;
    if (field.type !== "select-one") return false;
    const rendered = [...field.options].findLastIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(rendered, 0);
  }

  function tellChosen() {
    for (const field of all("#main form :is(select, input)")) {
      if (!told.has(field) && isChosen(field)) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  document.addEventListener("change", (event) => told.add(event.target), true);
  document.addEventListener("DOMContentLoaded", tellChosen);
  window.addEventListener("pageshow", tellChosen);

  document.body.addEventListener("htmx:afterSettle", (event) => {
    refreshTimes(); // of the whole page: an answer may carry parts for other places, too
    focusErrors(event.detail.elt);
  });
})();

/*
 * The request form's comfort: fields that depend on each other, and a field that narrows a long list.
 * The form works without this file.
 */
"use strict";
(() => {
  /* --- Fields that depend on each other ---------------------------------------------------------------------------- *
   * Each choice reloads the part of the form below it. A choice that is made while another's answer is still under way
   * takes that request's place (hx-sync="this:replace"); its answer, which knows both choices, must then replace the
   * widest part that waits, or what the first choice changed would stay as it was.
   */
  const PARTS = ["on-account", "on-region", "on-service", "placement"]; // each holds the next
  let widest = PARTS.length; // the outermost part that isn't up to date
  let asking = null; // the field whose answer is under way

  const partOf = (event) => PARTS.indexOf(event.detail.target?.id ?? "");

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    const part = partOf(event);
    if (part < 0) return;
    widest = Math.min(widest, part);
    asking = event.detail.elt;
  });

  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === asking) asking = null;
  });

  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const part = partOf(event);
    if (part < 0 || !event.detail.shouldSwap) return;
    if (widest < part) {
      event.detail.target = document.getElementById(PARTS[widest]);
      event.detail.selectOverride = `#${PARTS[widest]}`;
    }
    widest = PARTS.length;
  });

  // What is ticked meanwhile goes along, too: ask once more.
  document.addEventListener("change", (event) => {
    if (!asking || event.target.hasAttribute("hx-get") || !event.target.closest("#on-account")) return;
    window.htmx.trigger(asking, "change");
  });

  /* --- Long lists: <select data-narrow="what the field is called"> ------------------------------------------------- *
   * While something is typed above it, the list stands open and shows what matches: Enter takes the best match, arrow
   * down goes into the list. The select itself stays the field, for the form and for assistive technology.
   */
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");

  function matches(option, typed) {
    const text = plain(`${option.value} ${option.text}`);
    return text.includes(plain(typed)) || typed.split(/\s+/).every((word) => text.includes(plain(word)));
  }

  // "s3" is meant before "s3-outposts", and that before "bedrock-s3".
  function rank(option, typed) {
    const text = plain(option.text.split(" ")[0]);
    if (text === plain(typed)) return 0;
    return text.startsWith(plain(typed)) ? 1 : 2;
  }

  class Narrowed {
    constructor(select) {
      this.select = select;
      this.groups = [...select.children].map((child) => ({ child, options: [...child.children] }));
      this.all = [...select.options].filter((option) => option.value);
      this.field = this.#makeField();
      this.said = document.createElement("p");
      this.said.className = "form-text mt-1 mb-1";
      this.said.setAttribute("role", "status");
      select.before(this.field, this.said);
      this.field.addEventListener("input", () => this.#narrow());
      this.field.addEventListener("keydown", (event) => this.#onKey(event));
      select.addEventListener("click", () => this.#isOpen() && select.value && this.#close());
      select.addEventListener("keydown", (event) => {
        if (!this.#isOpen() || !["Enter", "Escape"].includes(event.key)) return;
        event.preventDefault();
        this.#close();
      });
      select.parentElement.addEventListener("focusout", (event) => {
        if (![this.field, select].includes(event.relatedTarget)) this.#close();
      });
    }

    #makeField() {
      const field = document.createElement("input");
      field.type = "search";
      field.className = "form-control narrowing";
      field.placeholder = "Type to narrow the list";
      field.autocomplete = "off";
      field.spellcheck = false;
      field.setAttribute("aria-label", this.select.dataset.narrow);
      field.setAttribute("aria-controls", this.select.id);
      return field;
    }

    #isOpen() {
      return this.select.size > 1;
    }

    #show(wanted) {
      const shown = this.groups.map(({ child, options }) => {
        if (child.tagName !== "OPTGROUP") return wanted(child) ? child : null;
        child.replaceChildren(...options.filter(wanted));
        return child.children.length ? child : null;
      });
      this.select.replaceChildren(...shown.filter(Boolean));
    }

    #narrow() {
      const typed = this.field.value.trim();
      if (!plain(typed)) {
        this.#widen();
        return;
      }
      this.found = this.all.filter((option) => matches(option, typed));
      this.found.sort((one, other) => rank(one, typed) - rank(other, typed));
      if (!this.#isOpen()) this.kept = this.select.value;
      const value = this.select.value;
      this.#show((option) => this.found.includes(option));
      this.select.value = value; // nothing is chosen where it isn't among them
      this.select.size = Math.max(2, Math.min(8, this.found.length + 1));
      this.said.textContent = this.found.length ? `${this.found.length} of ${this.all.length}` : "Nothing matches.";
    }

    #widen() {
      if (!this.#isOpen()) return;
      const value = this.select.value || this.kept;
      this.select.removeAttribute("size");
      this.#show(() => true);
      this.select.value = value;
      this.said.textContent = "";
    }

    #close() {
      this.field.value = "";
      this.#widen();
    }

    #onKey(event) {
      if (event.key === "Escape") this.#close();
      if (event.key === "ArrowDown" && this.#isOpen()) {
        event.preventDefault();
        this.select.focus();
      }
      if (event.key !== "Enter") return;
      event.preventDefault(); // it would send the form
      const [best] = this.#isOpen() ? this.found : [];
      if (!best) return;
      this.select.value = best.value;
      this.#close();
      this.select.focus();
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  const narrowed = new WeakSet();
  let left = null; // what was being typed when its list was replaced

  function narrowLists() {
    for (const select of document.querySelectorAll("select[data-narrow]")) {
      if (narrowed.has(select)) continue;
      narrowed.add(select);
      const { field } = new Narrowed(select);
      if (left?.list !== select.id) continue;
      field.focus();
      field.value = left.typed;
      field.dispatchEvent(new Event("input"));
      left = null;
    }
  }

  narrowLists();
  document.body.addEventListener("htmx:beforeSwap", () => {
    const field = document.activeElement;
    left = field.matches(".narrowing") ? { list: field.getAttribute("aria-controls"), typed: field.value } : null;
  });
  document.body.addEventListener("htmx:afterSettle", narrowLists);
})();

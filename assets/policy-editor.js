/*
 * <policy-editor>: a JSON editor round a real <textarea>, which stays the form's field and works without this file.
 *
 *   <policy-editor data-lint-url="/policies/lint" data-endpoint-type-from="#id_vpc_endpoint_type">
 *     <textarea name="policy" id="id_policy">...</textarea>
 *   </policy-editor>
 *
 * data-lint-url            POST {"policy", "vpc_endpoint_type"} answers {"findings": [{rule, severity, line, column,
 *                          message, cure}]}; line and column count from 1. Without it, only JSON is checked.
 * data-endpoint-type-from  selector of the field (or group of radio buttons) that says Gateway or Interface
 * data-endpoint-type       the type itself, where the page has no such field
 * data-limit               characters AWS accepts, counted without white space; 20480, the limit for endpoint policies
 *
 * CodeMirror stands in a shadow root: there its styles are adopted style sheets, which the Content-Security-Policy
 * allows, while a <style> element in the document would be refused.
 */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import {
  bracketMatching,
  ensureSyntaxTree,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { searchKeymap } from "@codemirror/search";
import { EditorState, StateEffect } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { look } from "./policy-editor-look.js";

const LINT_AFTER_MS = 500;
const SPACE_OUTSIDE_STRINGS = /("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g;
const HELP = "Tab indents. Press Escape, then Tab, to leave the editor.";

// The same text means something else for another type of endpoint: check it although it did not change.
const checkAgain = StateEffect.define();
const asksForCheck = (update) => update.transactions.some((transaction) => transaction.effects.some((effect) => effect.is(checkAgain)));

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--token-key)" },
  { tag: tags.string, color: "var(--token-string)" },
  { tag: tags.number, color: "var(--token-number)" },
  { tag: [tags.bool, tags.null], color: "var(--token-keyword)" },
]);

const SEVERITIES = {
  block: { mark: "error", tone: "bad", label: "Blocks" },
  warn: { mark: "warning", tone: "warn", label: "Warning" },
  info: { mark: "info", tone: "busy", label: "Note" },
};

const asText = (count) => count.toLocaleString("en");
const plural = (count, word) => `${asText(count)} ${word}${count === 1 ? "" : "s"}`;

/**
 * Insert what is typed ourselves, as CodeMirror would have. Left to it, Chromium may first wrap the character in a
 * styled <span> to keep the look of what it replaces: the Content-Security-Policy refuses that style and reports it.
 */
const typing = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { selection } = view.state;
    const plain = event.inputType === "insertText" && event.data && !event.isComposing && !view.composing;
    if (!plain || selection.ranges.length > 1 || view.state.readOnly) return false;
    const insert = () =>
      view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
    const { from, to } = selection.main;
    const handled = view.state
      .facet(EditorView.inputHandler) // closing brackets, for one
      .some((handler) => handler(view, from, to, event.data, insert));
    if (!handled) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

/** The place of the first thing that is not JSON, as a CodeMirror diagnostic; none for valid JSON or an empty text. */
function jsonErrors(view) {
  const text = view.state.doc.toString();
  if (!text.trim()) return [];
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    // Browsers don't always say where; the syntax tree does, save for what JSON.parse alone refuses.
    const place = firstErrorNode(view.state) ?? jsonParseLinter()(view)[0];
    const from = Math.min(place?.from ?? 0, text.length);
    const to = Math.min(Math.max(place?.to ?? 0, from + 1), text.length);
    return [{ from: Math.min(from, to), to, severity: "error", message: `Not JSON from here on: ${error.message}` }];
  }
}

function firstErrorNode(state) {
  let found = null;
  ensureSyntaxTree(state, state.doc.length, 200)?.iterate({
    enter(node) {
      if (node.type.isError && !found) found = { from: node.from, to: node.to };
      return !found;
    },
  });
  return found;
}

/** A server's finding as a CodeMirror diagnostic: from its column to the end of its line. */
function asDiagnostic(finding, doc) {
  const line = doc.line(Math.min(Math.max(finding.line || 1, 1), doc.lines));
  const column = Math.min(Math.max(finding.column || 1, 1), line.length + 1);
  return {
    from: line.from + column - 1,
    to: line.to,
    severity: (SEVERITIES[finding.severity] ?? SEVERITIES.info).mark,
    message: finding.cure ? `${finding.message}\n${finding.cure}` : finding.message,
  };
}

/** The form's own token if it has one, else the one that all htmx requests of the page carry. */
function csrfToken(element) {
  const field = element.closest("form")?.querySelector("input[name=csrfmiddlewaretoken]");
  if (field) return field.value;
  return JSON.parse(document.body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] ?? "";
}

class PolicyEditor extends HTMLElement {
  connectedCallback() {
    const textarea = this.querySelector("textarea");
    if (!textarea || this.view) return;
    this.textarea = textarea;
    this.host = document.createElement("div");
    this.note = this.#makeNote();
    this.append(this.host, this.note);
    this.view = this.#makeView(this.host.attachShadow({ mode: "open" }));
    this.#hideTextarea();
    this.#listen();
    this.#showCount(textarea.value);
  }

  disconnectedCallback() {
    if (!this.view) return;
    this.listeners.abort();
    this.lookup?.abort();
    this.view.destroy();
    this.view = null;
    this.host.remove();
    this.note.remove();
    this.textarea.hidden = false;
  }

  /** Put the cursor into the editor. */
  focus() {
    (this.view ?? this.textarea)?.focus();
  }

  get value() {
    return this.textarea.value;
  }

  /** Replace the whole text; can be undone like typing. */
  set value(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  #hideTextarea() {
    this.textarea.hidden = true;
    // The browser can't point at a hidden field, and would silently refuse to send the form; the server checks.
    this.textarea.required = false;
  }

  #makeNote() {
    const note = document.createElement("div");
    const line = document.createElement("div");
    line.className = "policy-editor-note";
    this.state = document.createElement("span");
    this.state.setAttribute("role", "status");
    this.count = document.createElement("span");
    line.append(this.state, this.count);
    this.list = document.createElement("ul");
    this.list.className = "findings";
    this.list.hidden = true;
    note.append(line, this.list);
    return note;
  }

  #makeView(root) {
    const help = document.createElement("p");
    help.id = "help";
    help.hidden = true; // read as a description, not shown
    help.textContent = `${HELP} ${this.#describedBy()}`;
    root.append(help);
    const label = this.textarea.labels?.[0]?.textContent.replace("*", "").trim() || "Policy";
    // The browser focuses what can be edited anyway; that it says so, too, is what assistive technology goes by.
    const attributes = { "aria-label": `${label} (JSON editor)`, "aria-describedby": "help", tabindex: "0" };
    if (this.textarea.getAttribute("aria-invalid") === "true") attributes["aria-invalid"] = "true";
    return new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: this.textarea.value,
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          highlightSpecialChars(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          typing,
          highlightActiveLine(),
          highlightActiveLineGutter(),
          json(),
          syntaxHighlighting(colours),
          look,
          EditorView.lineWrapping,
          EditorState.tabSize.of(2),
          EditorState.readOnly.of(this.textarea.readOnly || this.textarea.disabled),
          EditorView.contentAttributes.of(attributes),
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...lintKeymap,
            indentWithTab, // CodeMirror lets Tab pass after Escape: HELP says so
          ]),
          linter((view) => this.#lint(view), { delay: LINT_AFTER_MS, needsRefresh: asksForCheck }),
          EditorView.updateListener.of((update) => update.docChanged && this.#changed(update.state.doc)),
        ],
      }),
    });
  }

  /** The field's help and error texts: ids don't reach into a shadow root, so the words are taken along. */
  #describedBy() {
    const ids = (this.textarea.getAttribute("aria-describedby") ?? "").split(/\s+/).filter(Boolean);
    return ids.map((id) => document.getElementById(id)?.textContent.trim() ?? "").join(" ");
  }

  #listen() {
    this.listeners = new AbortController();
    const options = { signal: this.listeners.signal };
    for (const label of this.textarea.labels ?? []) label.addEventListener("click", () => this.focus(), options);
    this.textarea.form?.addEventListener(
      "reset",
      () => setTimeout(() => this.view && (this.value = this.textarea.defaultValue), 0),
      options,
    );
    // Who comes back to a page finds the field as it was left, filled by the browser after this editor was made.
    window.addEventListener("pageshow", () => this.#takeOver(), options);
    // On the document: the field itself may be replaced while this editor stays.
    document.addEventListener(
      "change",
      (event) => {
        const { endpointTypeFrom, serviceFrom } = this.dataset;
        const asked = [endpointTypeFrom, serviceFrom].some((from) => from && event.target.closest?.(from));
        if (asked) this.view.dispatch({ effects: checkAgain.of(null) });
      },
      options,
    );
  }

  #takeOver() {
    if (this.view && this.textarea.value !== this.view.state.doc.toString()) this.value = this.textarea.value;
  }

  #changed(doc) {
    const text = doc.toString();
    this.textarea.value = text;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    this.#showCount(text);
  }

  /** What the field of that selector says now; nothing where there is none. */
  #valueOf(from) {
    const found = from ? [...document.querySelectorAll(from)] : [];
    const fields = found.flatMap((element) =>
      element.matches("select, input") ? [element] : [...element.querySelectorAll("select, input")],
    );
    return fields.find((field) => field.type !== "radio" || field.checked)?.value;
  }

  async #lint(view) {
    const errors = jsonErrors(view);
    if (errors.length) {
      const line = view.state.doc.lineAt(errors[0].from).number;
      this.#showFindings([{ severity: "block", line, message: errors[0].message, cure: "" }]);
      return errors;
    }
    if (!this.dataset.lintUrl || !view.state.doc.toString().trim()) {
      this.#showFindings([], view.state.doc.length ? "Valid JSON" : "");
      return [];
    }
    const answer = await this.#ask(view.state.doc.toString());
    if (!answer) return [];
    this.#showFindings(answer.findings);
    return answer.findings.map((finding) => asDiagnostic(finding, view.state.doc));
  }

  /** The server's answer; null when a newer question has replaced this one or the server could not answer. */
  async #ask(policy) {
    this.lookup?.abort();
    this.lookup = new AbortController();
    const data = this.dataset;
    const question = {
      policy,
      vpc_endpoint_type: this.#valueOf(data.endpointTypeFrom) || data.endpointType || "Interface",
      service_name: this.#valueOf(data.serviceFrom) || data.service || "",
    };
    try {
      const response = await fetch(this.dataset.lintUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(this) },
        body: JSON.stringify(question),
        signal: this.lookup.signal,
      });
      if (!response.ok) throw new Error(`The check answered ${response.status}`);
      return await response.json();
    } catch (error) {
      if (error.name !== "AbortError") {
        this.#showFindings([], "Valid JSON. The policy checks don’t answer just now; they run again when you send the form.");
      }
      return null;
    }
  }

  /** Count what AWS gets: the portal sends a policy without the white space between its parts. */
  #showCount(text) {
    const characters = text.replace(SPACE_OUTSIDE_STRINGS, "$1").length;
    const limit = Number(this.dataset.limit || 20480);
    this.count.textContent = `${asText(characters)} of ${asText(limit)} characters without white space`;
    this.count.classList.toggle("tone-bad", characters > limit);
  }

  #showFindings(findings, otherwise = "No findings") {
    const words = findings.length ? plural(findings.length, "finding") : otherwise;
    if (this.state.textContent !== words) this.state.textContent = words;
    this.list.hidden = !findings.length;
    this.list.replaceChildren(...findings.map((finding) => this.#makeFinding(finding)));
  }

  #makeFinding(finding) {
    const { tone, label } = SEVERITIES[finding.severity] ?? SEVERITIES.info;
    const item = document.createElement("li");
    const severity = document.createElement("span");
    severity.className = `status tone-${tone}`;
    severity.textContent = label;
    const text = document.createElement("div");
    text.className = "text";
    const message = document.createElement("div");
    message.className = "message";
    message.textContent = finding.message;
    text.append(message);
    if (finding.cure) {
      const cure = document.createElement("div");
      cure.className = "cure";
      cure.textContent = finding.cure;
      text.append(cure);
    }
    if (finding.url) {
      const why = document.createElement("a");
      why.className = "small";
      why.href = finding.url;
      why.target = "_blank"; // what is written stays
      why.textContent = `Why: ${finding.rule}`;
      text.append(why);
    }
    item.append(severity, text, ...(finding.line ? [this.#makeJump(finding.line)] : []));
    return item;
  }

  #makeJump(number) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-link end";
    button.textContent = `Line ${number}`;
    button.addEventListener("click", () => {
      const line = this.view.state.doc.line(Math.min(number, this.view.state.doc.lines));
      this.view.dispatch({ selection: { anchor: line.from }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
      this.view.focus();
    });
    return button;
  }
}

customElements.define("policy-editor", PolicyEditor);

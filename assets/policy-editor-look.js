/* The editor's look. The colours are the page's own custom properties, which reach into a shadow root: both themes. */
import { EditorView } from "@codemirror/view";

export const look = EditorView.theme({
  "&": {
    backgroundColor: "var(--editor-surface)",
    border: "1px solid var(--editor-border)",
    borderRadius: ".375rem",
    color: "var(--editor-text)",
    fontSize: ".8rem",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--editor-focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--editor-font)", lineHeight: "1.55", minHeight: "14rem", maxHeight: "32rem", overflow: "auto" },
  ".cm-content": { caretColor: "var(--editor-text)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--editor-text)" },
  ".cm-gutters": { backgroundColor: "var(--editor-gutter)", color: "var(--editor-muted)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--editor-focus) 6%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--editor-focus) 12%, transparent)", color: "var(--editor-text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--editor-selection)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--editor-selection)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--editor-gutter)", borderColor: "var(--editor-border)", color: "var(--editor-muted)" },
  ".cm-panels": { backgroundColor: "var(--editor-gutter)", color: "var(--editor-text)", borderColor: "var(--editor-border)" },
  ".cm-textfield": { backgroundColor: "var(--editor-surface)", color: "var(--editor-text)", borderColor: "var(--editor-border)" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--editor-surface)", color: "var(--editor-text)", borderColor: "var(--editor-border)" },
  ".cm-tooltip": { backgroundColor: "var(--editor-surface)", color: "var(--editor-text)", border: "1px solid var(--editor-border)", borderRadius: ".375rem", maxWidth: "32rem" },
  ".cm-diagnostic": { fontFamily: "var(--bs-font-sans-serif)", fontSize: ".8125rem", whiteSpace: "pre-line" },
});

/*
 * Sets the colour theme before the first paint: loaded in <head>, without defer, ahead of the stylesheets.
 * A choice made with the toggle is remembered; without one, the operating system decides, also while a page is open.
 */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      var theme = localStorage.getItem("theme");
      return theme === "light" || theme === "dark" ? theme : null;
    } catch (error) {
      return null; // Storage is off: the operating system decides each time.
    }
  }

  function show() {
    root.dataset.bsTheme = chosen() || (dark.matches ? "dark" : "light");
  }

  dark.addEventListener("change", function () {
    show();
    document.dispatchEvent(new Event("theme:shown"));
  });
  show();
  root.classList.add("has-script");
})();

/*
 * Sets the colour theme before the first paint: loaded in <head>, without defer, ahead of the stylesheets.
 * A choice made with the toggle is remembered; without one, the operating system decides.
 */
(function () {
  "use strict";
  var chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch (error) {
    // Storage is off: the operating system decides each time.
  }
  if (chosen !== "light" && chosen !== "dark") {
    chosen = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.bsTheme = chosen;
  document.documentElement.classList.add("has-script");
})();

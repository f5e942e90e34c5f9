/*
 * Names the fields that complete what is typed: Select2 replaces a labelled <select> by elements without a name, and
 * opens its list outside of every landmark.
 */
(function () {
  "use strict";

  function named(select) {
    var label = select.labels && select.labels[0];
    return label ? label.textContent.trim().replace(/:$/, "") : select.name;
  }

  function name(scope) {
    scope.querySelectorAll("select.select2-hidden-accessible").forEach(function (select) {
      var rendered = document.getElementById("select2-" + select.id + "-container");
      if (!rendered) {
        return;
      }
      var box = rendered.closest("[role=combobox]");
      var text = named(select);
      rendered.setAttribute("aria-label", text);
      box.removeAttribute("aria-labelledby");
      box.setAttribute("aria-label", text + ": " + rendered.textContent.trim());
    });
  }

  var $ = window.django && window.django.jQuery;
  if (!$ || !$.fn.select2) {
    return;
  }
  // This script is deferred: it runs before the page is ready, which is when Django turns the fields.
  $.fn.select2.defaults.set("dropdownParent", $("main"));
  $(function () {
    name(document);
  });
  $(document).on("change", "select.select2-hidden-accessible", function () {
    name(document);
  });
  document.addEventListener("formset:added", function () {
    name(document);
  });
  $(document).on("select2:open", function (event) {
    var text = named(event.target);
    var rendered = document.getElementById("select2-" + event.target.id + "-container");
    rendered.closest("[role=combobox]").setAttribute("aria-controls", "select2-" + event.target.id + "-results");
    document.querySelectorAll(".select2-search__field, .select2-results__options").forEach(function (element) {
      element.setAttribute("aria-label", text);
    });
  });
})();

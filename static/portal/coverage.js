/*
 * The matrix's comfort: tick all that a VPC lacks, and say how many are ticked. It works without this file.
 */
"use strict";
(() => {
  const form = document.querySelector("[data-matrix]");
  if (!form) return;
  const ticks = (within) => [...within.querySelectorAll("input[name=t]")];
  const said = form.querySelector("[data-ticked]");

  function tell() {
    const count = ticks(form).filter((tick) => tick.checked).length;
    if (said) said.textContent = count ? `${count} ticked` : "";
    for (const all of form.querySelectorAll("[data-tick-row]")) {
      const row = ticks(all.closest("tr"));
      all.checked = row.every((tick) => tick.checked);
      all.indeterminate = !all.checked && row.some((tick) => tick.checked);
    }
  }

  for (const label of form.querySelectorAll(".tick-row")) label.hidden = false;
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-row]")) {
      for (const tick of ticks(event.target.closest("tr"))) tick.checked = event.target.checked;
    }
    tell();
  });
  tell(); // the browser may have kept what was ticked
})();

"use strict";
// Makes a table of what a teacher fills in on a page for marking; `changes` in term.toml names the folder for it.
{
  const button = document.querySelector(".download button");
  const { student, exercise, columns } = button.dataset;
  // A spreadsheet takes what begins like a formula for one; the apostrophe is taken away when the table is read.
  const cell = (text) => `"${(/^['=+@\t\r-]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`;

  const filledIn = () =>
    [...document.querySelectorAll(".fill")]
      .map((row) => [row.dataset, ...[...row.querySelectorAll("input")].map((input) => input.value.trim())])
      .filter(([, points, comment]) => points || comment)
      .map(([{ part, check, possible, graded }, points, comment]) => ({
        student, exercise, part, check, possible, graded, points, comment,
      }));

  let kept = true; // whether all that was filled in has been downloaded
  document.addEventListener("input", () => (kept = false));
  window.addEventListener("beforeunload", (event) => kept || event.preventDefault());

  button.addEventListener("click", () => {
    const wrong = document.querySelector(".fill input:invalid");
    if (wrong) {
      wrong.reportValidity();
      return;
    }
    const names = columns.split(",");
    const lines = [names, ...filledIn().map((row) => names.map((name) => row[name]))];
    const text = lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" }));
    link.download = `by hand, ${exercise}, ${student}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
    kept = true;
  });
}

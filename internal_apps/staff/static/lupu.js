// Niceties only: every page works without. Nothing is sent or stored by this script.
"use strict";

// A form that is on its way says so; a second click sends the same form, which does no harm.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button) {
    setTimeout(() => button.setAttribute("aria-busy", "true"));
  }
});

// Coming back by the browser's back button: the form is at rest again.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.removeAttribute("aria-busy");
  }
});

// A click on a reference selects the whole of it, to be copied.
for (const reference of document.querySelectorAll("[data-select]")) {
  reference.addEventListener("click", () => getSelection().selectAllChildren(reference));
}

// The first field that is wrong is where one goes on typing.
const invalid = document.querySelector("[aria-invalid]");
invalid?.focus();
// In a document that is the line that is wrong.
if (invalid?.dataset.line > 0) {
  const before = invalid.value.split("\n").slice(0, invalid.dataset.line);
  const end = before.join("\n").length;
  invalid.setSelectionRange(end - before.at(-1).length, end);
  invalid.scrollTop = (before.length - 4) * (invalid.scrollHeight / invalid.value.split("\n").length);
}

// What the lines of a booking come to, while they are being typed.
const total = document.querySelector("[data-total]");
const lines = document.querySelector("[data-lines]");
if (total && lines) {
  const add = () => {
    let fen = 0;
    for (const line of lines.querySelectorAll("[data-line]")) {
      const type = line.querySelector("select").selectedOptions[0];
      const count = Number(line.querySelector("[name=quantity]").value);
      fen += Number(type ? type.dataset.fen || 0 : 0) * (Number.isInteger(count) ? count : 0);
    }
    const yuan = Math.floor(fen / 100).toString().replace(/\B(?=(\d{3})+$)/g, ",");
    total.textContent = `¥${yuan}.${String(fen % 100).padStart(2, "0")}`;
    total.closest("[hidden]")?.removeAttribute("hidden");
  };
  lines.addEventListener("input", add);
  add();
}

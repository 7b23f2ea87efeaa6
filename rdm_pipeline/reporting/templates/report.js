// Tables of class `sortable` sort by a click on, or Enter in, the head of a column.
"use strict";

function valueOf(row, index) {
  const cell = row.cells[index];
  const text = (cell.dataset.value ?? cell.textContent).trim();
  const number = text === "" ? NaN : Number(text);
  return { text, number, empty: text === "" || text === "—" };
}

function compare(a, b) {
  if (!Number.isNaN(a.number) && !Number.isNaN(b.number)) return a.number - b.number;
  return a.text.localeCompare(b.text, "en", { numeric: true });
}

function sortBy(table, index, descending) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, value: valueOf(row, index) }));
  rows.sort((a, b) => {
    if (a.value.empty !== b.value.empty) return a.value.empty ? 1 : -1;  // empty cells stay last
    return descending ? compare(b.value, a.value) : compare(a.value, b.value);
  });
  body.append(...rows.map((entry) => entry.row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(table, index, descending);
    });
  });
}

// A graph that is wider than the screen shows its first step.
for (const box of document.querySelectorAll(".scroll > .dag a:first-of-type rect")) {
  const region = box.closest(".scroll");
  const middle = box.getBoundingClientRect().left - region.getBoundingClientRect().left + 75;
  region.scrollLeft = middle - region.clientWidth / 2;
}

"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  if (!table.tHead || !body || body.rows.length < 2) continue;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const key = (row) => {
      const data = row.cells[column].querySelector("data");
      const text = data ? data.value : row.cells[column].textContent.trim();
      const number = Number(text.replace("inf", "Infinity"));
      return text === "" || Number.isNaN(number) ? text : number;
    };
    const compare = (a, b) =>
      a === "" || b === "" ? (a === "") - (b === "")
        : typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
    const sort = () => {
      const down = head.ariaSort === "ascending";
      for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
      head.ariaSort = down ? "descending" : "ascending";
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => (down && a !== "" && b !== "" ? compare(b, a) : compare(a, b)));
      body.append(...rows.map(([, row]) => row));
    };
    head.tabIndex = 0;
    head.title = "sort";
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  });
}

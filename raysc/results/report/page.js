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

const RADIUS = 16;
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);
const nearest = (points, off, x, y) => {
  let best = null, distance = RADIUS;
  for (const point of points) {
    const away = Math.hypot(point[0] - x, point[1] - y);
    if (away <= distance && !off.has(String(point[3]))) [best, distance] = [point, away];
  }
  return best;
};
const showValues = (svg, points, off) => {
  const ring = document.createElementNS(svg.namespaceURI, "circle");
  const attributes = { r: 5, fill: "none", stroke: "black", visibility: "hidden" };
  for (const [name, value] of Object.entries(attributes)) ring.setAttribute(name, value);
  svg.append(ring);
  const show = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const point = nearest(points, off, at.x, at.y);
    tip.hidden = point === null;
    ring.setAttribute("visibility", point ? "visible" : "hidden");
    if (!point) return;
    ring.setAttribute("cx", point[0]);
    ring.setAttribute("cy", point[1]);
    tip.textContent = point[2];
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${event.clientY + 14}px`;
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", () => { tip.hidden = true; ring.setAttribute("visibility", "hidden"); });
};
const addToggles = (figure, off) => {
  const entries = [...figure.querySelectorAll("[data-legend]")];
  for (const entry of entries) {
    const curve = entry.dataset.legend;
    const toggle = () => {
      if (!off.delete(curve)) off.add(curve);
      for (const same of entries) if (same.dataset.legend === curve) same.ariaPressed = String(!off.has(curve));
      for (const part of figure.querySelectorAll(`[data-curve="${curve}"]`)) part.classList.toggle("off", off.has(curve));
    };
    entry.closest("svg").setAttribute("role", "group");
    entry.ariaPressed = "true";
    entry.addEventListener("click", toggle);
    if (!entry.querySelector("text")) continue;
    entry.setAttribute("role", "button");
    entry.setAttribute("tabindex", "0");
    entry.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle();
    });
  }
};
const addScaleButton = (figure, views) => {
  const button = document.createElement("button");
  const label = () => { button.textContent = `Switch to ${views.find((view) => view.hidden).dataset.scale} scale`; };
  button.type = "button";
  button.addEventListener("click", () => {
    for (const view of views) view.hidden = !view.hidden;
    label();
  });
  label();
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.append(button);
  views[0].before(controls);
};
for (const figure of document.querySelectorAll("figure")) {
  const views = [...figure.querySelectorAll(".view")], off = new Set();
  for (const view of views) {
    if (view.dataset.points) showValues(view.querySelector("svg"), JSON.parse(view.dataset.points), off);
  }
  addToggles(figure, off);
  if (views.length > 1) addScaleButton(figure, views);
}

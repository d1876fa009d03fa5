"use strict";
(() => {
  const tools = document.getElementById("tools");
  const queue = document.getElementById("queue");
  const cards = Array.from(queue.querySelectorAll("article"));
  const [find, state, kind, order, count] = ["find", "state", "kind", "order", "count"].map((id) => document.getElementById(id));
  const texts = new Map();
  const textOf = (card) => {
    if (!texts.has(card)) texts.set(card, card.textContent.toLowerCase());
    return texts.get(card);
  };
  const number = (card, name) => Number(card.dataset[name]);
  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of cards) {
      const fits = (!state.value || card.dataset.state === state.value)
        && (!kind.value || card.dataset.kinds.split(" ").includes(kind.value))
        && words.every((word) => textOf(card).includes(word));
      card.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${cards.length} shown`;
  };
  const sort = () => {
    const by = order.value;
    const sorted = [...cards].sort((a, b) => (by === "rank" ? number(a, by) - number(b, by) : number(b, by) - number(a, by)) || number(a, "rank") - number(b, "rank"));
    queue.append(...sorted);
  };
  const reveal = () => {
    const card = location.hash.startsWith("#n") && document.getElementById(location.hash.slice(1));
    if (card) {
      card.hidden = false;
      const details = card.querySelector(":scope > details:last-of-type");
      if (details) details.open = true;
      card.scrollIntoView();
    }
  };
  const sortTable = (heading) => {
    const body = heading.closest("table").tBodies[0];
    const column = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
    const rows = Array.from(body.rows).sort((a, b) => down * key(a).localeCompare(key(b), "en", { numeric: true }));
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
    body.append(...rows);
  };
  const sortable = (table) => {
    if (table.dataset.sortable) return;
    table.dataset.sortable = "1";
    for (const heading of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sortTable(heading));
    }
  };
  let waiting = 0;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });
  state.addEventListener("change", show);
  kind.addEventListener("change", show);
  order.addEventListener("change", sort);
  document.getElementById("fold").addEventListener("click", () => {
    for (const details of document.querySelectorAll("article > details")) details.open = false;
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelectorAll(".wide table").forEach(sortable);
  }, true);
  addEventListener("hashchange", reveal);
  tools.hidden = false;
  show();
  reveal();
})();

// The table of all candidates: sorted, filtered and searched here, fifty rows at a time, so that ten thousand
// candidates cost no more to show than fifty.

const PAGE_ROWS = 50;
const several = data.runs.length > 1;
const tableColumns = [
  { name: "candidate", key: (row) => columns.id[row], show: (row) => make("a", { href: addressOf(row) }, columns.id[row]) },
  ...(several ? [{ name: "run", key: (row) => data.runs[columns.run[row]].name, words: true, minor: true }] : []),
  { name: "cycle", key: (row) => columns.cycle[row], show: (row) => (columns.cycle[row] < 0 ? "start" : String(columns.cycle[row])) },
  { name: "status", key: (row) => words(data.statuses[columns.status[row]]), words: true, css: (row) => (isValid(row) ? "valid" : "failed") },
  { name: "decision", key: (row) => words(data.reasons[columns.reason[row]]), words: true, minor: true },
  { name: data.metric.words, key: (row) => columns.accuracy[row], show: (row) => scored(columns.accuracy[row]), down: !data.metric.less },
  { name: "parameters", key: (row) => columns.parameters[row], show: (row) => count(columns.parameters[row]), minor: true },
  { name: "similarity", key: (row) => columns.jaccard[row], show: (row) => fixed(columns.jaccard[row], 2), minor: true },
  { name: "seconds", key: (row) => columns.seconds[row], show: (row) => fixed(columns.seconds[row], 1), minor: true },
  { name: "tokens", key: (row) => columns.tokens[row], show: (row) => count(columns.tokens[row]), minor: true },
  { name: "error", key: (row) => data.errors[columns.error[row]], words: true, css: () => "error", minor: true },
];
const isValid = (row) => data.statuses[columns.status[row]] === "COMPLETE";

const view = { search: "", status: "", reason: "", cycle: "", run: "", sort: data.metric.words, down: !data.metric.less, page: 0 };
let found = [];

const searched = new Map();
function searchText(row) {
  if (!searched.has(row)) {
    const said = [columns.id[row], data.statuses[columns.status[row]], words(data.statuses[columns.status[row]])];
    said.push(words(data.reasons[columns.reason[row]]), data.errors[columns.error[row]], data.runs[columns.run[row]].name);
    searched.set(row, said.join("\n").toLowerCase());
  }
  return searched.get(row);
}

function select() {
  const terms = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  found = [];
  for (let row = 0; row < rowCount; row++) {
    if (view.status !== "" && columns.status[row] !== Number(view.status)) continue;
    if (view.reason !== "" && columns.reason[row] !== Number(view.reason)) continue;
    if (view.cycle !== "" && columns.cycle[row] !== Number(view.cycle)) continue;
    if (view.run !== "" && columns.run[row] !== Number(view.run)) continue;
    if (terms.every((term) => searchText(row).includes(term))) found.push(row);
  }
  const key = tableColumns.find((column) => column.name === view.sort).key;
  const sign = view.down ? -1 : 1;
  const keys = new Map(found.map((row) => [row, key(row)]));
  found.sort((a, b) => {
    const one = keys.get(a), two = keys.get(b);
    if (one === two) return a - b;
    if (one === null || one === "") return 1; // what is not known comes last either way
    if (two === null || two === "") return -1;
    return (one < two ? -1 : 1) * sign;
  });
}

function drawTable() {
  const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
  view.page = Math.min(view.page, pages - 1);
  const head = make("tr", {}, ...tableColumns.map((column) => {
    const button = make("button", { type: "button" }, column.name);
    button.addEventListener("click", () => {
      view.down = view.sort === column.name ? !view.down : Boolean(column.down);
      view.sort = column.name;
      refresh();
      byId("table").querySelector("th[aria-sort] button").focus();
    });
    const cell = make("th", { scope: "col", class: styleOf(column) }, button);
    if (view.sort === column.name) cell.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    return cell;
  }));
  const rows = found.slice(view.page * PAGE_ROWS, (view.page + 1) * PAGE_ROWS).map((row) =>
    make("tr", {}, ...tableColumns.map((column) =>
      make("td", { class: styleOf(column, row) }, column.show ? column.show(row) : String(column.key(row))))));
  byId("table").tHead.replaceChildren(head);
  byId("table").tBodies[0].replaceChildren(...rows);
  byId("count").textContent = found.length === rowCount
    ? count(rowCount) + " candidates"
    : count(found.length) + " of " + count(rowCount) + " candidates";
  byId("where").textContent = "page " + (view.page + 1) + " of " + pages;
  byId("previous").disabled = view.page === 0;
  byId("next").disabled = view.page === pages - 1;
  byId("pager").hidden = pages === 1;
}

function styleOf(column, row) {
  const names = [column.words ? "words" : "", column.minor ? "minor" : ""];
  if (row !== undefined && column.css) names.push(column.css(row));
  return names.filter(Boolean).join(" ");
}

function refresh(page = 0) {
  view.page = page;
  select();
  drawTable();
  if (document.body.dataset.live) remembered(() => sessionStorage, "archloop-view", JSON.stringify(view));
}

function offer(id, field, choices) {
  const box = byId(id);
  for (const [value, name] of choices) box.append(make("option", { value }, name));
  box.value = view[field];
  if (box.selectedIndex < 0) box.value = view[field] = "";
  box.addEventListener("change", () => { view[field] = box.value; refresh(); });
}

function startTable() {
  if (document.body.dataset.live) try { // a page that has reloaded itself goes on where the reader was
    const known = JSON.parse(remembered(() => sessionStorage, "archloop-view") || "{}");
    for (const key of Object.keys(view)) if (typeof known[key] === typeof view[key]) view[key] = known[key];
  } catch { /* an older page's view */ }
  if (!tableColumns.some((column) => column.name === view.sort)) view.sort = data.metric.words;
  const cycles = [...new Set(columns.cycle)].sort((a, b) => a - b);
  offer("by-status", "status", data.statuses.map((name, place) => [place, words(name)]));
  offer("by-reason", "reason", data.reasons.map((name, place) => [place, words(name)]));
  offer("by-cycle", "cycle", cycles.map((cycle) => [cycle, cycle < 0 ? "start" : cycle]));
  offer("by-run", "run", data.runs.map((run, place) => [place, run.name]));
  byId("search").value = view.search;
  byId("search").addEventListener("input", () => { view.search = byId("search").value; refresh(); });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("previous").addEventListener("click", () => refresh(view.page - 1));
  byId("next").addEventListener("click", () => refresh(view.page + 1));
  refresh(view.page);
}

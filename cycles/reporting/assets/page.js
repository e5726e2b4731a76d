"use strict";
// Small tools, the theme, and the two views: the report, and the page of one candidate (#/run/candidate).
// Text reaches the page through textContent alone.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const columns = data.columns;
const rowCount = columns.id.length;

function make(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function remembered(store, key, value) {
  // Storage may be forbidden, as in private windows: then nothing is remembered.
  try {
    if (value === undefined) return store().getItem(key);
    store().setItem(key, value);
  } catch { /* nothing is remembered */ }
  return null;
}

const words = (name) => name.toLowerCase().replaceAll("_", " ");
const share = (value) => (value === null ? "–" : (100 * value).toFixed(1) + "%");
const scored = (value) => (data.metric.less ? fixed(value, 3) : share(value));
const count = (value) => (value === null ? "–" : value.toLocaleString("en"));
const fixed = (value, digits) => (value === null ? "–" : value.toFixed(digits));
const addressOf = (row) =>
  "#/" + encodeURIComponent(data.runs[columns.run[row]].name) + "/" + encodeURIComponent(columns.id[row]);

const rowOf = new Map();
for (let row = 0; row < rowCount; row++) rowOf.set(columns.run[row] + "/" + columns.id[row], row);

function rowAt(hash) {
  const parts = hash.slice(2).split("/");
  try {
    const run = data.runs.findIndex((each) => each.name === decodeURIComponent(parts[0]));
    return rowOf.get(run + "/" + decodeURIComponent(parts[1]));
  } catch {
    return undefined; // not an address that the page wrote
  }
}

const blocks = new Map();
async function detailOf(row) {
  const number = columns.block[row];
  if (number < 0) return null;
  if (!blocks.has(number)) {
    const packed = Uint8Array.from(atob(byId("block-" + number).textContent), (sign) => sign.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    blocks.set(number, JSON.parse(await new Response(stream).text()));
  }
  return blocks.get(number)[row];
}

function startTheme() {
  const root = document.documentElement;
  const known = remembered(() => localStorage, "archloop-theme");
  if (known === "light" || known === "dark") root.dataset.theme = known;
  byId("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    remembered(() => localStorage, "archloop-theme", root.dataset.theme);
  });
}

let reportPlace = 0;
function showView() {
  const asked = location.hash.startsWith("#/");
  const report = byId("report"), page = byId("candidate");
  if (asked && !report.hidden) reportPlace = scrollY;
  const returning = !asked && report.hidden;
  report.hidden = asked;
  page.hidden = !asked;
  if (asked) {
    showCandidate(rowAt(location.hash), page);
    scrollTo({ top: 0, behavior: "instant" });
    byId("candidate-title").focus({ preventScroll: true });
  } else if (returning) {
    const target = location.hash.length > 1 ? byId(location.hash.slice(1)) : null;
    if (target) target.scrollIntoView({ behavior: "instant" });
    else scrollTo({ top: reportPlace, behavior: "instant" });
  }
}

function startWatching() {
  // Only a page that `archloop serve` made asks anything, and only its own server.
  const shown = document.body.dataset.live;
  if (!shown) return;
  const timer = setInterval(async () => {
    let answer = "";
    try {
      const response = await fetch("state", { cache: "no-store" });
      answer = response.ok ? await response.text() : shown;
    } catch {
      byId("fresh").textContent = "The server has stopped; this page stays as it is.";
      byId("fresh").hidden = false;
      return;
    }
    byId("fresh").hidden = true;
    if (answer !== shown) {
      clearInterval(timer);
      location.reload();
    }
  }, 3000);
}

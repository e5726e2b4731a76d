// The page of one candidate: facts, message, program, drawing, and where it comes from with what changed.

function showCandidate(row, page) {
  if (row === undefined) {
    page.replaceChildren(
      make("h1", { id: "candidate-title", tabindex: "-1" }, "No such candidate"),
      make("p", {}, make("a", { href: "#candidates" }, "All candidates")));
    return;
  }
  const status = data.statuses[columns.status[row]], reason = data.reasons[columns.reason[row]];
  const badge = isValid(row) ? "badge COMPLETE" : "badge fault";
  const message = make("div"), body = make("div", { class: "detail" }, make("p", { class: "nothing" }, "Unpacking…"));
  page.replaceChildren(
    ways(row),
    make("h1", { id: "candidate-title", tabindex: "-1" }, columns.id[row]),
    make("p", {}, make("span", { class: badge }, words(status)),
      make("span", { class: reason === "ADMITTED" ? "badge ADMITTED" : "badge none" }, words(reason))),
    facts(row), message, body, lineage(row));
  document.title = columns.id[row] + " · " + data.runs[columns.run[row]].name;
  detailOf(row).then((detail) => {
    if (rowAt(location.hash) === row) fill(row, detail, message, body);
  });
}

function ways(row) {
  const place = found.indexOf(row);
  const link = (text, target) => (target === undefined ? null : make("a", { href: addressOf(target) }, text));
  return make("nav", { class: "ways", "aria-label": "Candidates" },
    make("a", { href: "#candidates" }, "← All candidates"),
    place > 0 ? link("Previous in the table", found[place - 1]) : null,
    place >= 0 && place < found.length - 1 ? link("Next in the table", found[place + 1]) : null);
}

function facts(row) {
  const run = data.runs[columns.run[row]], cycle = columns.cycle[row];
  const taught = run.taught[cycle];
  const writer = cycle < 0 ? "the starting corpus"
    : taught ? "the generator of cycle " + cycle + ", fine-tuned on " + count(taught) + " programs of earlier cycles"
    : "the generator of cycle " + cycle;
  const list = make("dl", { class: "settings" });
  const say = (name, value) => value !== null && list.append(make("dt", {}, name), make("dd", {}, value));
  const better = data.metric.less ? ", lower is better" : "";
  say(data.metric.words, columns.accuracy[row] === null ? null : scored(columns.accuracy[row]) + " on " + data.metric.on + better);
  say("parameters", columns.parameters[row] === null ? null : count(columns.parameters[row]));
  say("similarity", columns.jaccard[row] === null ? null : fixed(columns.jaccard[row], 3) + " to the nearest program of the corpus");
  say("judged in", columns.seconds[row] === null ? null : fixed(columns.seconds[row], 2) + " s");
  say("length", columns.tokens[row] ? count(columns.tokens[row]) + " tokens" : null);
  say("written by", writer);
  say("run", run.name + ", " + run.arm);
  return list;
}

function fill(row, detail, message, body) {
  if (detail === null) {
    body.replaceChildren(make("p", { class: "nothing" },
      "This program found no room in the file. It stands in the run's ledger, corpus.db."));
    return;
  }
  if (detail.error) message.append(make("p", { class: "message" }, detail.error),
    make("p", { class: "note" }, "Failed at stage “" + detail.stage + "”."));
  if (detail.output) message.append(make("details", {}, make("summary", {}, "The end of what it printed"),
    make("pre", { class: "code", tabindex: "0" }, detail.output)));
  const code = document.querySelector('pre[data-address="' + CSS.escape(addressOf(row)) + '"]');
  const program = code ? code.cloneNode(true) : make("pre", { class: "code", tabindex: "0" }, make("code", {}, detail.source ?? detail.completion));
  const left = make("section", {}, make("h2", {}, detail.source === undefined ? "Completion (holds no program)" : "Program"), program);
  const right = make("section", {});
  if (detail.losses) right.append(make("h2", {}, "Training loss"), lossCurve(detail.losses));
  if (detail.drawing) {
    const canvas = make("div", { class: "canvas whole", tabindex: "0", role: "group", "aria-label": "Drawing of the network" });
    canvas.innerHTML = detail.drawing; // made by archloop's own `drawing`, never by a program
    right.append(make("h2", {}, "Network"), canvas);
  }
  const trained = [["Hyperparameters", detail.hyperparameters], ["Transforms", detail.transforms]];
  for (const [name, values] of trained) if (values) right.append(make("p", { class: "note" }, name + " of its own: " + values + "."));
  if (detail.protocol) right.append(make("p", { class: "note" }, "Protocol " + detail.protocol +
    (detail.memory ? "; peak memory " + Math.round(detail.memory / 2 ** 20) + " MiB" : "") + "."));
  body.replaceChildren(left, right);
}

function lossCurve(losses) {
  const top = Math.max(...losses), low = Math.min(0, ...losses), wide = 300, high = 80;
  const shape = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const said = "Training loss from " + fixed(losses[0], 2) + " to " + fixed(losses.at(-1), 2);
  const svg = shape("svg", { viewBox: `0 0 ${wide + 50} ${high + 16}`, class: "chart", role: "img", "aria-label": said });
  const place = (value, index) =>
    (index / Math.max(1, losses.length - 1) * wide).toFixed(1) + "," + (8 + (top - value) / (top - low || 1) * high).toFixed(1);
  svg.append(shape("path", { d: "M" + losses.map(place).join(" "), class: "line" }));
  const end = shape("text", { x: wide + 6, y: 12 + (top - losses.at(-1)) / (top - low || 1) * high, class: "end" });
  end.textContent = fixed(losses.at(-1), 2);
  svg.append(end);
  return svg;
}

// Where a candidate comes from: by the records its parents and the programs in its prompt; where there are none,
// the nearest program of the corpus, which is a comparison and not a descent, and is called so.
function steps(row) {
  const known = data.links[row];
  if (known) return known.map((other) => ({ other, word: "came from" }));
  const near = columns.near[row];
  if (near < 0) return [];
  const learned = columns.nearTaught[row] ? ", which its generator had learned from" : "";
  return [{ other: near, word: "is nearest to", learned }];
}

function lineage(row) {
  const box = make("section", {}, make("h2", {}, "Lineage"));
  const list = make("ol", { class: "lineage" });
  const seen = new Set([row]);
  let current = row;
  for (let depth = 0; depth < 8; depth++) {
    const found = steps(current).filter((step) => !seen.has(step.other));
    if (!found.length) break;
    for (const step of found) {
      seen.add(step.other);
      list.append(lineageStep(current, step));
    }
    current = found[0].other;
  }
  if (!list.children.length) box.append(make("p", { class: "nothing" }, "Nothing that it could come from is recorded."));
  const descends = list.textContent.includes("came from");
  if (list.children.length && !descends) box.append(make("p", { class: "note" },
    "No parents are recorded: the model wrote it from a plain request. Below, each program with the most similar one that the corpus held before it."));
  const young = [];
  for (let other = 0; other < rowCount && young.length < 12; other++) {
    if (data.links[other]?.includes(row)) young.push(other);
  }
  box.append(list);
  if (young.length) box.append(make("p", {}, "Came from it: ", ...young.flatMap((other, place) =>
    [place ? ", " : "", make("a", { href: addressOf(other) }, columns.id[other])])));
  return box;
}

function lineageStep(row, step) {
  const item = make("li", {}, columns.id[row] + " " + step.word + " ", make("a", { href: addressOf(step.other) }, columns.id[step.other]),
    step.word === "is nearest to" ? " (similarity " + fixed(columns.jaccard[row], 2) + (step.learned || "") + ")" : "",
    columns.accuracy[step.other] === null ? "" : ", " + data.metric.words + " " + scored(columns.accuracy[step.other]));
  const panel = make("details", {}, make("summary", {}, "What changed"));
  panel.addEventListener("toggle", async () => {
    if (!panel.open || panel.children.length > 1) return;
    const [young, old] = await Promise.all([detailOf(row), detailOf(step.other)]);
    if (young?.source === undefined || old?.source === undefined)
      panel.append(make("p", { class: "nothing" }, "One of the two programs is not in this file."));
    else panel.append(diff(old.source, young.source));
  });
  item.append(panel);
  return item;
}

function diff(before, after) {
  const a = before.split("\n").slice(0, 800), b = after.split("\n").slice(0, 800);
  const width = b.length + 1, length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1] + 1
        : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
  const lines = [];
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { lines.push([" ", a[i]]); i++; j++; }
    else if (j >= b.length || (i < a.length && length[(i + 1) * width + j] >= length[i * width + j + 1])) lines.push(["-", a[i++]]);
    else lines.push(["+", b[j++]]);
  }
  const box = make("pre", { class: "diff", tabindex: "0" });
  let skipped = 0;
  lines.forEach(([sign, line], place) => {
    const near = lines.slice(Math.max(0, place - 2), place + 3).some(([other]) => other !== " ");
    if (!near) { skipped++; return; }
    if (skipped) box.append(make("span", { class: "skipped" }, "  … " + skipped + " equal lines"));
    skipped = 0;
    box.append(make("span", { class: { "+": "added", "-": "removed", " ": "same" }[sign] }, sign + " " + line));
  });
  if (!box.children.length) box.append(make("span", { class: "skipped" }, "Equal line by line."));
  return box;
}

// The table of trials: filtered, sorted, a page at a time.

const PAGE = 25;
const trials = dataOf("trials-data");
const columns = trials ? trials.columns : [];
const shown = columns.filter((column) => !column.hidden);
const status = columns.find((column) => column.name === "status" && column.kind === "word");
const view = { order: [], page: 0, sort: null, down: false, open: new Set(), tests: new Map(), states: new Set() };
const parts = {};

function buildTable() {
  const place = document.getElementById("trials-table");
  parts.search = make("input", { type: "search", placeholder: "Search", "aria-label": "Search in all columns", oninput: onSearch });
  parts.count = make("span", { class: "quiet", role: "status" });
  parts.brushed = make("button", { type: "button", class: "chip", "aria-pressed": "true", hidden: "", onclick: () => showBrushed(null) });
  parts.reset = make("button", { type: "button", class: "small", onclick: resetTable }, "Reset");
  parts.body = make("tbody");
  parts.heads = shown.map(heading);
  parts.inputs = shown.map(filterInput);
  parts.pages = make("div", { class: "pages" });
  const head = make("thead", {},
    make("tr", {}, ...parts.heads),
    make("tr", { class: "filters" }, ...parts.inputs.map((input) => make("th", {}, input))));
  place.append(
    make("div", { class: "tools" }, parts.search, ...statusChips(), parts.brushed, parts.reset, parts.count),
    make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Trials" }, make("table", {}, head, parts.body)),
    parts.pages);
  refresh();
}

function heading(column) {
  const button = make("button", { type: "button", onclick: () => sortBy(column) }, column.name);
  return make("th", { scope: "col", class: column.kind === "word" ? "" : "number" }, button);
}

function filterInput(column) {
  const wanted = column.kind === "word" ? "a part of the text" : "a range such as 0.1..0.5 or >0.9";
  return make("input", {
    "aria-label": `Filter ${column.name}: ${wanted}`,
    title: wanted,
    placeholder: column.kind === "word" ? "contains" : extent(column),
    oninput: (event) => onFilter(column, event.target),
  });
}

// What a column spans, as a filter would be typed.
function extent(column) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of column.values) {
    if (value !== null && value < low) low = value;
    if (value !== null && value > high) high = value;
  }
  if (low > high) return "";
  const short = (value) => (Number.isInteger(value) ? String(value) : written(Number(value.toPrecision(2))));
  return `${short(low)}..${short(high)}`;
}

function statusChips() {
  const counts = new Map();
  for (const value of status.values) counts.set(value, (counts.get(value) || 0) + 1);
  parts.chips = status.options.map((option, i) => make("button", {
    type: "button", class: `chip dot ${option}`, "aria-pressed": "false",
    onclick: (event) => onStatus(i, event.currentTarget),
  }, `${option} ${counts.get(i)}`));
  return parts.chips;
}

function onSearch() {
  setTest("search", searchTest(columns, parts.search.value));
}

function onFilter(column, input) {
  const test = columnTest(column, input.value);
  input.setAttribute("aria-invalid", String(test === null));
  setTest(column, test || undefined);
}

function onStatus(value, chip) {
  const now = !view.states.has(value);
  view.states[now ? "add" : "delete"](value);
  chip.setAttribute("aria-pressed", String(now));
  setTest("status chips", view.states.size ? (row) => view.states.has(status.values[row]) : undefined);
}

// `selected`: the trials that pass the ranges dragged on the parallel coordinates; null: there are none.
function showBrushed(selected) {
  parts.brushed.hidden = !selected;
  parts.brushed.textContent = `${selected?.size} of the parallel coordinates ×`;
  setTest("brushed", selected ? (row) => selected.has(row) : undefined);
}

function setTest(key, test) {
  if (test) view.tests.set(key, test);
  else view.tests.delete(key);
  view.page = 0;
  refresh();
}

function resetTable() {
  for (const input of [parts.search, ...parts.inputs]) input.value = "";
  for (const input of parts.inputs) input.removeAttribute("aria-invalid");
  for (const chip of parts.chips) chip.setAttribute("aria-pressed", "false");
  Object.assign(view, { page: 0, sort: null, down: false });
  view.tests.clear();
  parts.brushed.hidden = true;
  view.states.clear();
  refresh();
}

function sortBy(column) {
  view.down = view.sort === column ? !view.down : false;
  view.sort = column;
  view.page = 0;
  refresh();
}

function refresh() {
  const tests = [...view.tests.values()];
  view.order = [];
  for (let row = 0; row < status.values.length; row++) {
    if (tests.every((test) => test(row))) view.order.push(row);
  }
  if (view.sort) view.order.sort(orderOf(view.sort, view.down));
  shown.forEach((column, i) => {
    if (column === view.sort) parts.heads[i].setAttribute("aria-sort", view.down ? "descending" : "ascending");
    else parts.heads[i].removeAttribute("aria-sort");
  });
  showPage();
}

// What a trial has not comes last, whichever way is up.
function orderOf(column, down) {
  const sign = down ? -1 : 1;
  const key = sortKeys(column);
  return (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return sign * (x - y) || a - b;
  };
}

function sortKeys(column) {
  if (column.kind !== "word") return (row) => column.values[row];
  const places = column.options.map((_, i) => i);
  places.sort((a, b) => wordOf(column.options[a]).localeCompare(wordOf(column.options[b]), undefined, { numeric: true }));
  const rank = [];
  places.forEach((place, i) => (rank[place] = i));
  return (row) => (column.values[row] < 0 ? null : rank[column.values[row]]);
}

function showPage() {
  const n = view.order.length;
  const last = Math.max(0, Math.ceil(n / PAGE) - 1);
  view.page = Math.min(view.page, last);
  const rows = view.order.slice(view.page * PAGE, (view.page + 1) * PAGE);
  parts.body.replaceChildren(...rows.flatMap((row) => (view.open.has(row) ? [rowOf(row), detailsOf(row)] : [rowOf(row)])));
  parts.count.textContent = n === status.values.length ? `${n} trials` : `${n} of ${status.values.length} trials`;
  const turn = (to, label, off) => make("button", { type: "button", class: "small", disabled: off ? "" : null, onclick: () => turnTo(to) }, label);
  parts.pages.replaceChildren(
    turn(view.page - 1, "Previous", view.page === 0),
    `${n ? view.page * PAGE + 1 : 0} to ${Math.min(n, (view.page + 1) * PAGE)} of ${n}`,
    turn(view.page + 1, "Next", view.page === last));
}

function turnTo(page) {
  view.page = page;
  showPage();
}

function rowOf(row) {
  const open = view.open.has(row);
  const cells = shown.map((column) => {
    const text = cellText(column, row);
    if (column.name === "trial" && column === columns[0]) {
      const button = make("button", { type: "button", class: "small", "aria-expanded": String(open), "aria-label": `Trial ${text}` }, text);
      return make("td", { class: "number" }, button);
    }
    if (column === status) return make("td", {}, make("span", { class: `dot ${text}` }, text));
    const kind = column.kind === "word" ? "" : "number";
    return make("td", { class: text === "–" ? `${kind} none` : kind, title: text.length > 40 ? text : null }, text);
  });
  return make("tr", { class: open ? "trial open" : "trial", "data-trial": row, onclick: () => toggle(row) }, ...cells);
}

function cellText(column, row) {
  const value = column.values[row];
  if (column.kind === "word") return value < 0 ? "–" : wordOf(column.options[value]);
  return column.kind === "seconds" ? duration(value) : written(value);
}

function toggle(row) {
  view.open[view.open.has(row) ? "delete" : "add"](row);
  const focused = document.activeElement?.closest("tr")?.dataset.trial === String(row);
  showPage();
  if (focused) parts.body.querySelector(`tr[data-trial="${row}"] button`).focus();
}

// Shows one trial whatever the table shows now.
function goToTrial(row) {
  if (!(row >= 0 && row < status.values.length)) return;
  if (!view.order.includes(row)) resetTable();
  view.page = Math.floor(view.order.indexOf(row) / PAGE);
  view.open.add(row);
  showPage();
  const line = parts.body.querySelector(`tr[data-trial="${row}"]`);
  line.scrollIntoView({ block: "center" });
  line.querySelector("button").focus({ preventScroll: true });
}

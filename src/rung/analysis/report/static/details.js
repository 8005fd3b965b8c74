// What a row of the table opens: the configuration, why the trial stands where it stands, and its curve.

const LINE = { width: 480, height: 150, left: 52, right: 12, top: 10, bottom: 24 };

function detailsOf(row) {
  const config = configOf(row);
  const left = make("div", {},
    make("dl", { class: "pairs config" }, ...config.map(([column, value]) => pair(column.name, make("code", {}, shortValue(column, value))))),
    make("p", { class: "copy" }, make("span", { class: "quiet" }, "Copy as"),
      make("button", { type: "button", class: "small", "data-copy": asJson(config) }, "json"),
      make("button", { type: "button", class: "small", "data-copy": asArguments(config) }, "args")));
  const right = make("div", {}, make("p", { class: "reason" }, cellText(named("why"), row)), curveOf(row), amongAll(row), facts(row));
  return make("tr", { class: "details" }, make("td", { colspan: shown.length }, make("div", { class: "inside" }, left, right)));
}

function named(name) {
  return columns.find((column) => column.name === name && column.group !== "config" && column.group !== "objective");
}

function pair(name, value) {
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}

function facts(row) {
  const parent = named("parent").values[row];
  const began = `${cellText(named("source"), row)}, ${duration(named("created").values[row])} after the first job`;
  const from = parent === null ? null : pair("starts from", make("a", { href: `#trial-${parent}` }, `trial ${parent}`));
  const failure = trials.failed[row] === undefined ? null : make("a", { href: "#failures" }, "its traceback is under Failures");
  const used = trials.used[row] === undefined ? null : pair("used", trials.used[row]);
  return make("dl", { class: "pairs" }, pair("configuration by", began), from, used, failure && pair(trials.failed[row], failure));
}

// The configuration of a trial: [column, value], hidden constants too.
function configOf(row) {
  return columns
    .filter((column) => column.group === "config" && column.values[row] !== (column.kind === "word" ? -1 : null))
    .map((column) => [column, column.kind === "word" ? column.options[column.values[row]] : column.values[row]]);
}

function shortValue(column, value) {
  return column.kind === "word" ? wordOf(value) : written(value);
}

// A real number stays one: 1.0, not 1.
function json(column, value) {
  return column.kind === "float" && Number.isInteger(value) ? value.toFixed(1) : JSON.stringify(value);
}

function asJson(config) {
  const lines = config.map(([column, value]) => `  ${JSON.stringify(column.name)}: ${json(column, value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

function asArguments(config) {
  const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);
  return config.flatMap(([column, value]) => [`--${column.name}`, typeof value === "string" ? value : json(column, value)]).map(quoted).join(" ");
}

// The learning curve of one trial.

let stored = null;
function pointsOf(row) {
  stored ??= {
    offsets: bytes(trials.curves.offsets, Uint32Array),
    resources: bytes(trials.curves.resources, Float32Array),
    values: bytes(trials.curves.values, Float32Array),
  };
  const found = [];
  for (let i = stored.offsets[row]; i < stored.offsets[row + 1]; i++) {
    if (!Number.isNaN(stored.values[i])) found.push([stored.resources[i], stored.values[i]]);
  }
  return found;
}

function curveOf(row) {
  const points = pointsOf(row);
  if (!points.length) return make("p", { class: "quiet" }, `No ${trials.metric} was reported.`);
  const [x, y] = [scaleOf(points.map((point) => point[0]), LINE.left, LINE.width - LINE.right, 0), scaleOf(points.map((point) => point[1]), LINE.height - LINE.bottom, LINE.top)];
  const path = points.map((point, i) => `${i ? "L" : "M"}${x.at(point[0]).toFixed(1)} ${y.at(point[1]).toFixed(1)}`).join("");
  const end = points.at(-1);
  const base = LINE.height - LINE.bottom;
  return make("svg", { viewBox: `0 0 ${LINE.width} ${LINE.height}`, role: "img", "aria-label": `${trials.metric} of trial ${row}, ${written(end[1])} at ${end[0]}` },
    make("line", { class: "axis", x1: LINE.left, x2: LINE.width - LINE.right, y1: base, y2: base }),
    label(LINE.left - 6, y.at(y.low) + 4, written(Number(y.low.toPrecision(3))), "end"),
    y.low === y.high ? null : label(LINE.left - 6, y.at(y.high) + 4, written(Number(y.high.toPrecision(3))), "end"),
    label(LINE.left, LINE.height - 7, `${trials.metric} by ${trials.unit}`, "start"),
    label(x.at(end[0]), LINE.height - 7, String(end[0]), "end"),
    make("path", { class: "curve", d: path }),
    make("circle", { cx: x.at(end[0]), cy: y.at(end[1]), r: 3 }));
}

function amongAll(row) {
  const place = document.querySelector('.plot[data-figure="learning-curves"]');
  if (!place || !pointsOf(row).length) return null;
  return make("p", {}, make("button", { type: "button", class: "small", onclick: () => showCurve(place, row) }, "Show among all curves"));
}

function showCurve(place, row) {
  draw(place);
  const before = place.data.findIndex((trace) => trace.meta === "chosen");
  if (before >= 0) Plotly.deleteTraces(place, before);
  const points = pointsOf(row);
  Plotly.addTraces(place, {
    x: points.map((point) => point[0]), y: points.map((point) => point[1]),
    type: "scatter", mode: "lines+markers", name: `trial ${row}`, meta: "chosen", showlegend: true,
    line: { color: THEMES.accent, width: 3 }, marker: { size: 6 },
  });
  place.closest("figure").scrollIntoView();
}

function label(x, y, text, anchor) {
  return make("text", { x, y, "text-anchor": anchor }, text);
}

function scaleOf(values, from, to, least = Infinity) {
  const low = Math.min(least, ...values);
  const high = Math.max(...values);
  const at = (value) => (high === low ? (from + to) / 2 : from + ((value - low) / (high - low)) * (to - from));
  return { low, high, at };
}

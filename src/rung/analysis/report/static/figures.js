// Figures are drawn when they come near the view, so that the page opens quickly however many there are.

const figures = document.getElementsByClassName("plot");

function drawFigures() {
  const seen = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draw(entry.target)),
    { rootMargin: "300px 0px" },
  );
  for (const place of figures) seen.observe(place);
}

function draw(place) {
  if (place.classList.contains("drawn")) return;
  place.classList.add("drawn");
  const figure = dataOf(`figure-${place.dataset.figure}`);
  const layout = themed({ ...figure.layout, template: structuredClone(THEMES.template) }, themeChanges());
  Plotly.newPlot(place, figure.data, layout, THEMES.config);
  place.on("plotly_click", (event) => offerTrial(event.points[0]));
  if (figure.data[0].type === "parcoords") place.on("plotly_restyle", () => brushed(place));
}

// The trials whose lines pass the ranges that were dragged along axes go to the table.
function brushed(place) {
  const trials = numbersOf(place.data[0].customdata);
  const axes = place.data[0].dimensions.filter((axis) => axis.constraintrange);
  const passes = axes.map((axis) => {
    const values = numbersOf(axis.values);
    const ranges = Array.isArray(axis.constraintrange[0]) ? axis.constraintrange : [axis.constraintrange];
    return (line) => ranges.some(([low, high]) => low <= values[line] && values[line] <= high);
  });
  const selected = Array.from(trials).filter((_, line) => passes.every((pass) => pass(line)));
  showBrushed(axes.length ? new Set(selected) : null);
}

// An array, also where Plotly holds it as base64.
function numbersOf(stored) {
  if (stored.bdata === undefined) return stored;
  const kinds = { f4: Float32Array, f8: Float64Array, i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, u4: Uint32Array };
  return bytes(stored.bdata, kinds[stored.dtype]);
}

// `changes` has the form of Plotly.relayout: keys are paths such as "font.color".
function themed(layout, changes) {
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split(".");
    const last = keys.pop();
    let inner = layout;
    for (const key of keys) inner = inner[key] ??= {};
    inner[last] = value;
  }
  return layout;
}

// What stands in its hover label says which trial a point is.
function offerTrial(point) {
  const named = String(point?.hovertext ?? point?.text ?? "").match(/^trial (\d+)/);
  const counted = point?.data?.hovertemplate?.startsWith?.("trial %{customdata}");
  const trial = named ? Number(named[1]) : counted ? point.customdata : undefined;
  if (trial === undefined) return;
  say(`Trial ${trial}: `, make("a", { href: `#trial-${trial}` }, "open it in the table"));
}

addEventListener("beforeprint", () => {
  for (const place of figures) draw(place);
  for (const part of document.querySelectorAll("details")) part.open = true;
});

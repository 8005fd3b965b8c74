// Which trials the table shows: a test for each filter, all of which a trial must pass.

// "0.1..0.5", ">0.9", "<=3", "5" or a part of it such as "..0.5"; null for what is none of these.
function rangeTest(text) {
  const number = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?`;
  const between = text.match(new RegExp(`^(${number})?\\s*\\.\\.\\s*(${number})?$`, "i"));
  if (between) {
    const low = between[1] === undefined ? -Infinity : Number(between[1]);
    const high = between[2] === undefined ? Infinity : Number(between[2]);
    return (value) => low <= value && value <= high;
  }
  const compared = text.match(new RegExp(`^(<=|>=|<|>|=)?\\s*(${number})$`, "i"));
  if (!compared) return null;
  const limit = Number(compared[2]);
  const tests = {
    "<": (value) => value < limit,
    "<=": (value) => value <= limit,
    ">": (value) => value > limit,
    ">=": (value) => value >= limit,
  };
  return tests[compared[1]] || ((value) => value === limit);
}

// A test of row numbers for what was typed below a heading; undefined if nothing was, null if it is no range.
function columnTest(column, text) {
  const wanted = text.trim();
  if (!wanted) return undefined;
  if (column.kind === "word") {
    const fits = column.options.map((option) => wordOf(option).toLowerCase().includes(wanted.toLowerCase()));
    return (row) => column.values[row] >= 0 && fits[column.values[row]];
  }
  const test = rangeTest(wanted);
  return test && ((row) => column.values[row] !== null && test(column.values[row]));
}

// A test for words that must all occur somewhere in a row.
function searchTest(columns, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return undefined;
  const fits = words.map((word) => columns.map((column) => foundIn(column, word)));
  return (row) => fits.every((places) => places.some((place) => place(row)));
}

function foundIn(column, word) {
  if (column.kind === "word") {
    const fits = column.options.map((option) => wordOf(option).toLowerCase().includes(word));
    return (row) => column.values[row] >= 0 && fits[column.values[row]];
  }
  return (row) => column.values[row] !== null && written(column.values[row]) === word;
}

function wordOf(option) {
  return option === null ? "None" : option === true ? "True" : option === false ? "False" : String(option);
}

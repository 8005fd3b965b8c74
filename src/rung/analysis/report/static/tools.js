// What the other scripts share: making elements, reading data, writing numbers, saying something.

function make(name, attributes = {}, ...parts) {
  const svg = ["svg", "path", "line", "circle", "text"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...parts.filter((part) => part !== null && part !== undefined)); // strings become text, never markup
  return made;
}

function dataOf(id) {
  const place = document.getElementById(id);
  return place && JSON.parse(place.textContent);
}

// Five significant digits; whole numbers whole.
function written(value) {
  if (value === null || Number.isNaN(value)) return "–";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const far = Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15;
  const text = far ? value.toExponential(4) : value.toPrecision(5);
  return text.includes("e") ? text.replace(/\.?0+e/, "e") : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function duration(seconds) {
  if (seconds === null) return "–";
  if (seconds < 1) return `${written(Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

function bytes(text, kind) {
  return new kind(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer);
}

let silence = 0;
function say(...parts) {
  const said = document.getElementById("said");
  said.replaceChildren(...parts);
  said.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => said.classList.remove("shown"), parts.length > 1 ? 6000 : 1500);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", {}, text); // where the clipboard is refused to a page from disk
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button.dataset.copy);
});

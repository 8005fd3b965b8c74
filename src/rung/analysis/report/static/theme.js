// Light or dark: as the system says, until the button is pressed. Figures follow.

const THEMES = dataOf("themes");
const system = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  return document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
}

// What Plotly.relayout turns a figure with to the theme; labels have a halo in the colour of the paper.
function themeChanges() {
  return { ...THEMES[theme()], paper_bgcolor: getComputedStyle(document.body).backgroundColor };
}

function showTheme() {
  const now = theme();
  document.documentElement.style.colorScheme = now;
  document.getElementById("theme").textContent = now === "dark" ? "Light" : "Dark";
  for (const place of document.querySelectorAll(".plot.drawn")) Plotly.relayout(place, themeChanges());
}

document.getElementById("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
  showTheme();
});
system.addEventListener("change", showTheme);
showTheme();

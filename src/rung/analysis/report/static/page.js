// Links to trials, the section in view, and the beginning.

const sections = [...document.querySelectorAll("main section")];
const links = new Map([...document.querySelectorAll("nav li a")].map((link) => [link.hash.slice(1), link]));

function showSection() {
  const here = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 3).at(-1) || sections[0];
  for (const [id, link] of links) {
    const was = link.hasAttribute("aria-current");
    if (id !== here.id) link.removeAttribute("aria-current");
    else if (!was) {
      link.setAttribute("aria-current", "true");
      const list = link.closest("ul"); // where it scrolls sideways, the link comes into view
      list.scrollLeft = link.parentElement.offsetLeft - list.clientWidth / 2;
    }
  }
}

function followHash() {
  const found = location.hash.match(/^#trial-(\d+)$/);
  if (found) goToTrial(Number(found[1]));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-search]");
  if (button) {
    resetTable();
    parts.search.value = button.dataset.search;
    onSearch();
    document.getElementById("trials").scrollIntoView();
  }
  const link = event.target.closest('a[href^="#trial-"]');
  if (link && link.hash === location.hash) followHash(); // a second click on the same trial
});

addEventListener("scroll", showSection, { passive: true });
addEventListener("hashchange", followHash);
buildTable();
showSection();
followHash();

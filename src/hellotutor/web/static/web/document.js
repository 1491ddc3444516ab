// The page of a document: what is typed or ticked chooses the scope, and headings are found by their words.

const form = document.getElementById("start");
const contents = document.querySelector(".contents");

const choose = (id) => {
  const radio = document.getElementById(id);
  if (radio) radio.checked = true;
};

const ticked = () => [...contents.querySelectorAll("input[name=section]:checked")];

const sayTicked = () => {
  const count = ticked().length;
  document.getElementById("ticked").textContent = count ? ` (${count} ticked)` : "";
  if (count) choose("scope-sections");
};

const search = () => {
  const wanted = document.getElementById("find").value.trim().toLowerCase();
  let count = 0;
  for (const line of [...contents.querySelectorAll("li")].reverse()) { // the inner ones first
    const parts = line.querySelector(":scope > details");
    const holds = line.querySelector(".choice").textContent.toLowerCase().includes(wanted);
    const hasShown = parts !== null && parts.querySelector("li:not([hidden])") !== null;
    line.hidden = !(holds || hasShown);
    if (parts) parts.open = wanted !== "" && hasShown;
    if (holds) count += 1;
  }
  document.getElementById("found").textContent = wanted ? `${count} heading${count === 1 ? "" : "s"} found` : "";
};

// All headings of a long document come when they are asked for; what was ticked stays ticked.
const awaitAll = (link) => {
  let kept = [];
  contents.addEventListener("htmx:beforeSwap", () => { kept = ticked().map((box) => box.value); });
  contents.addEventListener("htmx:afterSwap", () => {
    for (const box of contents.querySelectorAll("input[name=section]")) box.checked = kept.includes(box.value);
    link.parentElement.hidden = true;
    search();
  });
  document.getElementById("find").addEventListener("focus", () => link.click(), { once: true });
};

if (form) {
  for (const more of form.querySelectorAll("[data-scope]")) {
    more.addEventListener("input", () => choose(more.dataset.scope));
  }
}

if (form && document.getElementById("headings")) {
  contents.addEventListener("change", sayTicked);
  sayTicked();
  const find = document.getElementById("find");
  let timer;
  find.closest("[hidden]").hidden = false;
  find.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  const link = document.getElementById("all-headings");
  if (link) awaitAll(link);
}

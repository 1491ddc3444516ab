// The reader's keys, the way to the marked passage, and words where the picture doesn't come.

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("input, textarea, select")) return;
  const rel = { ArrowLeft: "prev", k: "prev", ArrowRight: "next", j: "next" }[event.key];
  const link = rel && document.querySelector(`.steps a[rel="${rel}"]`);
  if (!link) return;
  event.preventDefault();
  link.click();
});

const picture = document.querySelector(".sheet img");
const tellNotDrawn = () => {
  picture.closest(".sheet").hidden = true;
  document.querySelector("[data-not-drawn]").hidden = false;
  document.getElementById("text").open = true;
};
if (picture) {
  if (picture.complete && !picture.naturalWidth) tellNotDrawn();
  picture.addEventListener("error", tellNotDrawn);
}

// The picture's place is known before it comes: its size stands in the page.
if (!location.hash) {
  const marked = document.querySelector(".marks rect") ?? document.getElementById("passage");
  marked?.scrollIntoView({ block: "center" });
}

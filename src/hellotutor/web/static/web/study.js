// A session by keyboard: keys, focus, drafts that survive a lost connection, and the next question fetched ahead.

const KEYS_OFF = "study:keys-off";
const READING_MS = 600; // a grade that has just come up is not passed over by the Enter meant for the answer
let ahead = null; // the next question's card as HTML, fetched while the grade is read
let gradeShownAt = -Infinity; // in ms, on the clock of `performance`

const sitting = () => document.getElementById("sitting");
const remembered = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* storage is off: nothing is kept */ } },
  drop: (key) => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
};

// Drafts: what was written or chosen is kept on this machine until the server has it.

const draftName = (answer) => `study:${answer}`;

const restoreDraft = (form) => {
  const draft = window.tutorDrafts.get(draftName(form.dataset.draft));
  if (!draft) return;
  const field = form.querySelector("[data-answer]");
  if (field) {
    if (!field.value) field.value = draft;
    return;
  }
  for (const option of form.querySelectorAll("input[name=text]")) option.checked = option.value === draft;
};

const keepDraft = (event) => {
  const form = event.target.closest("form[data-draft]");
  if (form && event.target.name === "text") window.tutorDrafts.set(draftName(form.dataset.draft), event.target.value);
};

const dropDrafts = ({ answered, attempt }) => {
  for (let number = 1; number <= Number(attempt); number += 1) window.tutorDrafts.set(draftName(`${answered}:${number}`), "");
};

// Focus goes where the learner goes on: the answer's field, the question, the grade.

const isTouch = () => window.matchMedia("(pointer: coarse)").matches;

const focusQuestion = (place) => {
  const field = place.querySelector("[data-answer]");
  if (field && !isTouch()) field.focus({ preventScroll: true });
  else document.getElementById("prompt")?.focus({ preventScroll: true });
};

// A card whose top is hidden by the bar is brought under it; one that can be seen stays where it is.
const showTop = (place) => {
  const bar = document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;
  const card = place.querySelector(".card.appear") || place;
  if (card.getBoundingClientRect().top >= bar) return;
  window.scrollBy({ top: place.getBoundingClientRect().top - bar - 12, behavior: "instant" });
};

const showGrade = (grade) => {
  gradeShownAt = performance.now();
  dropDrafts(grade.dataset);
  const heading = document.getElementById("grade");
  document.getElementById("told").textContent = `${heading.textContent.trim()}. ${grade.dataset.told}`;
  heading.focus({ preventScroll: true });
};

const showQuestion = (place, form) => {
  document.getElementById("told").textContent = "";
  form.noValidate = true; // the server says in words what is missing
  restoreDraft(form);
  focusQuestion(place);
};

const showCard = () => {
  const place = sitting();
  if (!place) return document.getElementById("done")?.focus();
  ahead = null;
  gradeShownAt = -Infinity;
  const grade = place.querySelector("[data-answered]");
  const form = place.querySelector("form[data-draft]");
  if (grade) showGrade(grade);
  else if (form) showQuestion(place, form);
  showTop(place);
};

// The focus stays where it was; only where that is gone, it goes to the question.
const showHint = () => {
  const hint = document.getElementById("last-hint");
  if (!hint) return;
  document.getElementById("told").textContent = hint.innerText.trim();
  if (document.activeElement === document.body) focusQuestion(sitting());
};

document.addEventListener("mousedown", (event) => {
  if (event.target.closest("#hint-button")) event.preventDefault(); // a click on it doesn't take the focus
});
document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target?.id === "sitting") showCard();
  else if (target?.id === "hints") showHint();
  else if (target?.id === "problem" && target.textContent.trim() && !isTouch()) showProblem(target);
});
document.addEventListener("input", keepDraft);
document.addEventListener("change", keepDraft);

// What the server refuses is told above the card; the card keeps what was written.

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (requestConfig?.elt?.matches("[data-ahead]")) return; // nobody waits for it
  const problem = document.getElementById("problem");
  if (!problem) return;
  if (xhr.status >= 400) {
    event.detail.target = problem;
    event.detail.swapOverride = "innerHTML";
    return;
  }
  problem.textContent = "";
});

// An empty answer is not sent; what the server would say of it stands in the form.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-draft]") || event.submitter?.name === "skip" || new FormData(form).get("text")?.trim()) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const problem = document.getElementById("problem");
  const notice = Object.assign(document.createElement("p"), { className: "card notice", textContent: form.dataset.empty });
  notice.dataset.kind = "error";
  notice.setAttribute("role", "alert");
  problem.replaceChildren(notice);
  showProblem(problem);
}, true);

const showProblem = (problem) => {
  const field = sitting().querySelector("[data-answer]");
  if (field) field.focus({ preventScroll: true });
  problem.scrollIntoView({ block: "nearest" });
};

// The next question is fetched ahead, and shown at once when it is asked for.

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.matches("[data-ahead]") && event.detail.xhr.status === 200) {
    ahead = { html: event.detail.xhr.responseText, address: event.detail.xhr.getResponseHeader("Content-Location") };
  }
});

document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt?.matches("[data-ahead]")) event.stopImmediatePropagation();
}, true);

document.addEventListener("click", (event) => {
  const next = event.target.closest("[data-next]");
  if (!next || !ahead || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { html, address } = ahead;
  ahead = null;
  history.pushState({ htmx: true }, "", address);
  htmx.swap("#sitting", html, { swapStyle: "outerHTML" });
  showCard();
}, true);

// Keys.

const hasSingleKeys = () => remembered.get(KEYS_OFF) === null;
const inText = (element) => element.closest("textarea, select, input:not([type=radio], [type=checkbox])");

const pressHint = () => document.getElementById("hint-button")?.click();

const pressEnter = (event) => {
  if (event.target.closest("a, button, summary")) return false; // chosen on purpose
  if (performance.now() - gradeShownAt < READING_MS) return true;
  if (event.target.matches("[data-enter-sends]")) {
    if (event.shiftKey || isTouch()) return false;
    const form = event.target.form;
    form.requestSubmit(form.querySelector("[data-send]"));
    return true;
  }
  if (event.target.closest("input, textarea, select")) return false;
  const send = document.querySelector("[data-enter]") || document.querySelector("[data-send]");
  send?.click();
  return Boolean(send);
};

const pressKey = (event) => {
  if (event.key === "Enter") return pressEnter(event);
  if (event.altKey) return event.code === "KeyH" && (pressHint(), true);
  if (inText(event.target) || !hasSingleKeys()) return false;
  if (event.key.toLowerCase() === "h") return pressHint(), true;
  const option = document.querySelector(`input[data-key="${CSS.escape(event.key)}"]`);
  if (!option) return false;
  option.click();
  option.focus();
  return true;
};

document.addEventListener("keydown", (event) => {
  const isWriting = event.isComposing || event.keyCode === 229; // an input method is at work
  if (isWriting || event.repeat || event.defaultPrevented || event.ctrlKey || event.metaKey) return;
  if (event.target instanceof Element && pressKey(event)) event.preventDefault();
});

const showKeys = () => {
  const toggle = document.querySelector("[data-single-keys]");
  if (!toggle) return;
  toggle.closest(".js-only").hidden = false;
  toggle.checked = hasSingleKeys();
  document.body.toggleAttribute("data-no-single-keys", !hasSingleKeys());
};

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-single-keys]")) return;
  if (target.checked) remembered.drop(KEYS_OFF);
  else remembered.set(KEYS_OFF, "yes");
  showKeys();
});

const setUp = () => {
  showKeys();
  showCard();
};

document.addEventListener("htmx:historyRestore", setUp);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", setUp);
else setUp();

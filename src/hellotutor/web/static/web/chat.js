// Chat without a reload: a reply appears sentence by sentence, each with its source; without this the form is sent as is.

const MOST_DOCUMENTS = 50;
const LOST = "The connection was lost. What was said stays here, and your message is back in the box.";
let running = null; // the AbortController of the reply that is coming

const tell = (text, kind) => {
  const status = document.getElementById("composer-status");
  status.textContent = text;
  if (kind) status.dataset.kind = kind; else delete status.dataset.kind;
  if (kind === "error") box.setAttribute("aria-invalid", "true"); else box.removeAttribute("aria-invalid");
};

// What is asked for

const readPages = (text) => text.split(/[-–]/).map((end) => Number(end.trim()));

const readScope = () => {
  const scope = {};
  const pages = composer.elements.pages?.value.trim();
  const heading = composer.elements.heading?.value.trim();
  if (pages) { const [first, last = first] = readPages(pages); scope.pages = [first, last]; }
  if (heading) scope.sections = [heading];
  return scope;
};

const findMistake = (message) => {
  if (!message) return "The message is empty: write what you want to know.";
  if ([...message].length > Number(composer.dataset.most)) return `The message is longer than ${Number(composer.dataset.most).toLocaleString("en-GB")} characters.`;
  const pages = composer.elements.pages?.value.trim();
  if (pages && !/^\d{1,6}(\s*[-–]\s*\d{1,6})?$/.test(pages)) return "Write the pages as one number, such as 12, or as two, such as 12-20.";
  if (composer.querySelectorAll('[name="document"]:checked').length > MOST_DOCUMENTS) return `Tick at most ${MOST_DOCUMENTS} documents, or none to search in all of them.`;
  return "";
};

const bodyOf = (message) => {
  if (composer.dataset.session) return { message, session_id: composer.dataset.session };
  const chosen = [...composer.querySelectorAll('[name="document"]:checked')].map((input) => input.value);
  const body = { message };
  if (chosen.length) body.document_ids = chosen;
  const scope = readScope();
  if (Object.keys(scope).length) body.scope = scope;
  return body;
};

// Gives {name, data} for each event of a stream.
async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (waiting + value).split(/\r?\n\r?\n/);
    waiting = blocks.pop();
    for (const block of blocks) {
      const lines = block.split(/\r?\n/);
      const name = lines.find((line) => line.startsWith("event:"))?.slice(6).trim() ?? "message";
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) yield { name, data: JSON.parse(data) };
    }
  }
}

// Refused in words; `isDone` says that the server keeps the message, with a reply that failed.
class Refused extends Error {
  constructor(words, { isDone = false } = {}) {
    super(words);
    this.isDone = isDone;
  }
}

// The request whose answer was lost: sent again as it was, with its key, it is replied to once. Another text is another.
let lost = null;

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const requestFor = (message) => {
  const body = JSON.stringify(bodyOf(message));
  const isSame = lost?.message === message && (lost.isBegun || lost.body === body);
  return isSame ? lost : { message, body, key: newKey(), isBegun: false };
};

const refusalOf = async (response) => {
  const problem = await response.json().catch(() => ({})); // whatever stands between may answer with a page of its own
  if (response.status === 401) return "You are signed out. Sign in again in another tab, then send it: your message is kept here.";
  return problem.detail || problem.title || "The tutor can't be reached just now. Try again in a moment.";
};

const ask = async (request, signal) => {
  const response = await fetch(composer.dataset.api, {
    method: "POST",
    signal,
    headers: {
      "Content-Type": "application/json",
      Accept: "text/event-stream",
      "Idempotency-Key": request.key,
      "X-CSRFToken": window.tutorToken() || composer.elements.csrfmiddlewaretoken.value,
    },
    body: request.body,
  });
  if (response.ok && response.headers.get("Content-Type")?.startsWith("text/event-stream")) return response.body;
  throw new Refused(await refusalOf(response));
};

// What was written and not sent is kept until the server has it.

const draftName = () => `chat:${composer.dataset.session || "new"}`;
const keepDraft = () => window.tutorDrafts.set(draftName(), box.value);
const takeBack = (message) => {
  if (!box.value) box.value = message;
  keepDraft();
};

// One message and its reply

const begin = (request, sessionId) => {
  request.isBegun = true;
  window.tutorDrafts.set(draftName(), "");
  const isKnown = !sessionId || composer.dataset.session === sessionId;
  if (!isKnown) composer.dataset.session = sessionId;
  keepDraft();
  if (isKnown) return;
  composer.action = addressOf(sessionId);
  composer.querySelector("[data-about]")?.remove();
  const title = request.message.replace(/\s+/g, " ").slice(0, 80);
  document.getElementById("chat-title").textContent = title;
  const item = make("li", "", "chat-item");
  const link = make("a", title);
  link.dir = "auto";
  link.href = addressOf(sessionId);
  for (const other of document.querySelectorAll("[data-conversations] [aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "page");
  item.append(link);
  document.querySelector("[data-none]")?.remove();
  document.querySelector("[data-conversations]").prepend(item);
};

const addressOf = (sessionId) => composer.dataset.conversationAddress.replace("00000000-0000-0000-0000-000000000000", encodeURIComponent(sessionId));

const isNarrow = ({ body }) => {
  const { document_ids: documents, scope, session_id: sessionId } = JSON.parse(body);
  if (!sessionId) composer.dataset.narrow = documents || scope ? "yes" : "";
  return composer.dataset.narrow === "yes";
};

const follow = async (events, reply, request) => {
  for await (const { name, data } of events) {
    if (name === "start") begin(request, data.session_id);
    if (name === "text") { tell(""); reply.say(data.text, data.citations ?? []); }
    if (name === "error") throw new Refused(`${data.detail || data.title}${data.event_id ? ` It was reported as event ${data.event_id}.` : ""}`, { isDone: true });
    if (name === "done") { begin(request, data.session_id); reply.finish(data, isNarrow(request)); return; }
  }
  throw new Error(LOST);
};

const stop = (reply, request) => {
  lost = null;
  if (request.isBegun) reply.label("Stopped", "calm");
  else request.pair.forEach((element) => element.remove());
  tell("");
  if (!reply.hasWords) takeBack(request.message);
};

const fail = (error, reply, request) => {
  const isRefused = error instanceof Refused && !error.isDone;
  lost = error.isDone ? null : request;
  takeBack(request.message);
  tell(error instanceof Refused ? error.message : LOST, "error");
  if (isRefused || (!request.isBegun && !composer.dataset.session)) { // nothing was said
    request.pair.forEach((element) => element.remove());
    return;
  }
  reply.label("This reply failed", "error");
  reply.offerAgain(() => { box.value = ""; send(request.message, error.isDone ? null : request); });
  reply.element.scrollIntoView({ block: "nearest" });
};

const addPair = (message) => {
  log.append(copy("learner-template"));
  const asked = log.lastElementChild;
  part(asked, "words").textContent = message;
  return [asked, new Reply()];
};

const send = async (message, again = null) => {
  const mistake = running ? "" : findMistake(message);
  if (mistake) { tell(mistake, "error"); box.focus(); }
  if (mistake || running) return;
  running = new AbortController();
  const request = again ?? requestFor(message);
  request.pair?.forEach((element) => element.remove()); // it is sent once more
  const [asked, reply] = addPair(message);
  request.pair = [asked, reply.element];
  box.value = "";
  setBusy(true);
  tell("Looking in your documents …");
  reply.element.scrollIntoView({ block: "nearest" });
  try {
    await follow(readEvents(await ask(request, running.signal)), reply, request);
    lost = null;
    tell("");
  } catch (error) {
    if (error.name === "AbortError") stop(reply, request);
    else fail(error, reply, request);
  } finally {
    running = null;
    setBusy(false);
    if (composer.dataset.session) history.replaceState(null, "", addressOf(composer.dataset.session));
    box.focus({ preventScroll: true });
  }
};

const setBusy = (isBusy) => {
  composer.querySelector("[data-stop]").hidden = !isBusy;
  composer.querySelector("[data-send]").hidden = isBusy;
};

const isTouch = () => window.matchMedia("(pointer: coarse)").matches;

if (composer) {
  if (!box.value) box.value = window.tutorDrafts.get(draftName()) ?? "";
  box.addEventListener("input", keepDraft);
  composer.addEventListener("submit", (event) => { event.preventDefault(); send(box.value.trim()); });
  composer.querySelector("[data-stop]").addEventListener("click", () => running?.abort());
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    if (isTouch() && !event.ctrlKey && !event.metaKey) return; // there Enter is the only way to another line
    event.preventDefault();
    composer.requestSubmit();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") running?.abort(); });
  if (!location.hash && log.childElementCount) log.lastElementChild.scrollIntoView({ block: "end" });
  if (!composer.dataset.session) box.focus({ preventScroll: true });
}

log?.addEventListener("click", (event) => {
  const link = event.target.closest("a.cite");
  const source = link && document.getElementById(link.hash.slice(1));
  if (!source) return;
  event.preventDefault();
  source.closest("details").open = true;
  for (const other of log.querySelectorAll(".is-chosen")) other.classList.remove("is-chosen");
  source.classList.add("is-chosen");
  source.focus();
});

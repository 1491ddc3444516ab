// A reply of the tutor as it is said: its words, the numbers of its sources, and what is to be said of it.

const composer = document.getElementById("composer");
const log = document.getElementById("log");
const box = document.getElementById("message");
const CITATION = /(\s*\[\d{1,4}\])/; // a text split by it has the numbers at its odd places
const SELF_TOLD = ["not_read_yet", "not_readable"]; // the reply itself says so

const part = (root, name) => root.querySelector(`[data-slot="${name}"]`);
const copy = (id) => document.getElementById(id).content.cloneNode(true);
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  element.textContent = text ?? "";
  if (className) element.className = className;
  return element;
};

const noticeOf = (code) => {
  const known = document.querySelector(`template[data-notice="${CSS.escape(code)}"]`) ?? document.querySelector('template[data-notice="other"]');
  return known.content.textContent;
};

const sourceAddress = (citation) => {
  const path = composer.dataset.pageAddress
    .replace("00000000-0000-0000-0000-000000000000", encodeURIComponent(citation.document_id))
    .replace(/\/0\/$/, `/${Number(citation.page_ordinal)}/`);
  return citation.start === null ? path : `${path}?start=${Number(citation.start)}&end=${Number(citation.end)}`;
};

const placeOf = ({ page, page_label: label, section }) => {
  if (page === null) return section;
  return label && label !== String(page) ? `page ${page} (printed ${label})` : `page ${page}`;
};

class Reply {
  static count = 0;

  constructor() {
    log.append(copy("tutor-template"));
    this.element = log.lastElementChild;
    this.id = `new-${(Reply.count += 1)}`;
    this.hasWords = false;
  }

  say(text, citations) {
    const wasAtEnd = isAtEnd();
    const words = part(this.element, "words");
    const said = make("span", this.hasWords ? " " : "");
    for (const piece of text.split(CITATION)) {
      const cited = CITATION.test(piece) && citations.find(({ number }) => number === Number(piece.replace(/\D/g, "")));
      said.append(cited ? this.cite(cited) : piece);
    }
    words.append(said);
    this.hasWords = true;
    if (wasAtEnd) this.element.scrollIntoView({ block: "end" });
  }

  cite(citation) {
    const id = `source-${this.id}-${Number(citation.number)}`;
    if (!document.getElementById(id)) this.addSource(id, citation);
    const link = make("a", citation.number, "cite");
    link.href = `#${id}`;
    link.setAttribute("aria-label", `Source ${citation.number}`);
    return link;
  }

  addSource(id, citation) {
    const item = document.createElement("li");
    const place = placeOf(citation);
    const title = make("p");
    title.append(make("span", citation.number, "cite"), ` ${citation.document}${place ? `, ${place}` : ""}`);
    const link = make("a", "Open the page");
    link.href = sourceAddress(citation);
    item.id = id;
    item.tabIndex = -1;
    const quote = make("blockquote", citation.quote, "quote");
    title.dir = quote.dir = "auto";
    item.append(title, quote, link);
    part(this.element, "sources").append(item);
    this.element.querySelector(".sources").hidden = false;
  }

  finish({ grounded, notice, tutor }, isNarrow) {
    if (tutor) part(this.element, "who").textContent = tutor.startsWith("offline-") ? "Offline tutor" : tutor;
    if (notice && !SELF_TOLD.includes(notice)) part(this.element, "state").textContent = noticeOf(notice);
    if (grounded === false) {
      this.element.dataset.grounded = "no";
      if (!SELF_TOLD.includes(notice)) this.element.append(copy(isNarrow ? "ungrounded-narrow" : "ungrounded-all"));
    }
  }

  label(text, kind) {
    const state = part(this.element, "state");
    state.textContent = text;
    state.className = "badge";
    state.dataset.kind = kind;
  }

  offerAgain(work) {
    const button = make("button", "Try again", "button button-quiet button-small");
    button.type = "button";
    button.addEventListener("click", () => { button.remove(); work(); });
    this.element.append(button);
  }
}

const isAtEnd = () => window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160;

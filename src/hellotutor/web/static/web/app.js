// What every page shares: words when the connection is lost, one send of a form at a time, drafts, times, and leaving.
// All of it stands in a block: the names of plain scripts are shared by all of them.

{
  const toast = (text) => {
    const place = document.getElementById("toast");
    place.textContent = text;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { place.textContent = ""; }, 8000);
  };
  window.tutorToast = toast;

  // The token that the server wants with whatever changes something. It is another one after each sign-in and sign-out,
  // in whichever tab, so it is read when it is needed.
  const readToken = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
  window.tutorToken = readToken;

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get" && readToken()) detail.parameters.csrfmiddlewaretoken = readToken();
  });

  // A page that the browser kept whole is shown again by Back: not after a sign-out, nor to somebody else.

  const visitor = document.body?.dataset.visitor ?? "";
  const tokenAtLoad = readToken();
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || !visitor || readToken() === tokenAtLoad) return;
    document.body.hidden = true;
    window.location.reload();
  });

  // Drafts: what was written and not sent yet stays on this machine, for a while, for whoever wrote it.

  const KEPT_MS = 30 * 24 * 3600 * 1000;

  const dropDrafts = (isToGo) => {
    for (const key of Object.keys(localStorage)) {
      if (isToGo(key)) localStorage.removeItem(key);
    }
  };
  const isOld = (key) => {
    try { return Date.now() - JSON.parse(localStorage.getItem(key)).at > KEPT_MS; } catch { return true; }
  };
  const withStorage = (work) => { try { return work(); } catch { return null; } }; // it is off: nothing is kept

  const drafts = {
    key: (what) => `draft:${visitor}:${what}`,
    get: (what) => withStorage(() => JSON.parse(localStorage.getItem(drafts.key(what)))?.text ?? ""),
    set: (what, text) => withStorage(() => {
      if (text) localStorage.setItem(drafts.key(what), JSON.stringify({ text, at: Date.now() }));
      else localStorage.removeItem(drafts.key(what));
    }),
  };
  window.tutorDrafts = drafts;

  if (visitor) withStorage(() => dropDrafts((key) => key.startsWith("draft:") && (!key.startsWith(drafts.key("")) || isOld(key))));
  // The answer to a sign-out clears them too, but not where the address is plain HTTP.
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-signs-out]")) withStorage(() => dropDrafts((key) => /^(study:)?draft:/.test(key)));
  });

  // Lost connections. What asks again by itself is quiet: it will come through.

  const isPoll = (element) => Boolean(element?.getAttribute("hx-trigger")?.includes("every "));
  const tellLost = (said) => ({ detail }) => {
    if (isPoll(detail.elt)) return;
    const isKept = detail.requestConfig?.verb !== "get";
    toast(`${said} ${isKept ? "What you wrote is still here: send it again in a moment." : "Try it again in a moment."}`);
  };
  document.addEventListener("htmx:sendError", tellLost("The connection is lost."));
  document.addEventListener("htmx:timeout", tellLost("That took too long."));
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (isPoll(detail.requestConfig?.elt) && detail.xhr.status >= 500) detail.shouldSwap = false;
  });

  // A form without htmx: the second click of a double click sends nothing. One that is stopped can be sent again.

  const SENT_MS = 10_000;
  const letSendAgain = () => {
    for (const form of document.querySelectorAll("form[data-is-sent]")) delete form.dataset.isSent;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.matches("[hx-post], [data-hx-post]")) return;
    if (form.dataset.isSent) { event.preventDefault(); return; }
    form.dataset.isSent = "yes";
    setTimeout(letSendAgain, SENT_MS);
  });
  window.addEventListener("pageshow", letSendAgain);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") letSendAgain(); });
  document.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-confirm]");
    if (asked && !window.confirm(asked.dataset.confirm)) event.preventDefault();
  });

  // Times come in UTC and are shown as the clock of this machine has them.

  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
  const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const showTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      const hasMinutes = time.textContent.includes(":");
      if (!Number.isNaN(moment.getTime())) time.textContent = hasMinutes ? `${day.format(moment)}, ${minute.format(moment)}` : day.format(moment);
    }
  };
  showTimes(document);
  document.addEventListener("htmx:load", ({ detail }) => showTimes(detail.elt));
}

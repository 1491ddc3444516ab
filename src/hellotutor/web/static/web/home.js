// Files are sent one by one as they are chosen, dropped or pasted, each with a line of its own.

const form = document.getElementById("upload");
const input = document.getElementById("file");
const list = document.getElementById("uploads");
const said = document.getElementById("uploads-said");
const pattern = document.getElementById("upload-line");
const LOST = "The connection was lost: try it again.";

const addLine = (file) => {
  const line = pattern.content.cloneNode(true).firstElementChild;
  line.querySelector(".upload-name").textContent = file.name;
  line.querySelector("progress").setAttribute("aria-label", `Upload of ${file.name}`);
  list.append(line);
  list.hidden = false;
  return line;
};

const end = (line, kind, sentence, url) => {
  line.dataset.kind = kind;
  line.querySelector("progress").remove();
  line.querySelector(".upload-name").remove(); // the sentence names the file
  const state = line.querySelector(".upload-state");
  state.textContent = `${sentence} `;
  if (url) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = "Open it";
    state.append(link);
  }
  said.textContent = sentence;
};

const readAnswer = (request, name) => {
  try {
    return JSON.parse(request.responseText).files[0];
  } catch {
    const isSignedOut = request.responseURL.includes("/sign-in/");
    const reload = "Reload the page and send it again.";
    return { kind: "error", url: "", sentence: `${name}: ${isSignedOut ? "You have been signed out." : "It could not be taken."} ${reload}` };
  }
};

const send = (file, line) => new Promise((resolve) => {
  const most = Number(form.dataset.mostBytes);
  if (file.size > most) {
    resolve({ kind: "error", url: "", sentence: `${file.name}: It is larger than ${Math.floor(most / 1e6)} MB: split it.` });
    return;
  }
  const fields = new FormData();
  fields.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  fields.append("file", file, file.name);
  const request = new XMLHttpRequest();
  const bar = line.querySelector("progress");
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    line.querySelector(".upload-state").textContent = event.loaded < event.total ? `${Math.round(bar.value)} %` : "Being checked";
  });
  request.addEventListener("load", () => resolve(readAnswer(request, file.name)));
  request.addEventListener("error", () => resolve({ kind: "error", url: "", sentence: `${file.name}: ${LOST}` }));
  request.send(fields);
});

let queue = Promise.resolve();
let waiting = 0;
window.addEventListener("beforeunload", (event) => { if (waiting) event.preventDefault(); });
const sendAll = (files) => {
  const isAlone = files.length === 1 && !waiting;
  const lines = files.map((file) => [file, addLine(file)]);
  waiting += lines.length;
  for (const [file, line] of lines) {
    queue = queue.then(async () => {
      const answer = await send(file, line);
      waiting -= 1;
      if (isAlone && !waiting && answer.kind === "good") { // no other is sent, or has just been
        window.location.assign(answer.url);
        return;
      }
      end(line, answer.kind, answer.sentence, answer.url);
      if (answer.url) document.body.dispatchEvent(new Event("documents-added"));
    });
  }
};

if (form) {
  const zone = form.querySelector(".drop");
  form.querySelector(".upload-plain").hidden = true;
  form.querySelector(".drop-hint").hidden = false;
  form.classList.add("is-live");
  document.getElementById("file-label").classList.add("button");
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = "";
    sendAll(files);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      if (name === "drop" || event.relatedTarget === null) zone.classList.remove("is-over");
    });
  }
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    sendAll([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    sendAll(files);
  });
}

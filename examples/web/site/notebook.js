// The page: asks the API, shows what it says, and asks again every two seconds.

const PAGE = 10;
const REFRESH = 2000;

const list = document.querySelector("#notes");
const template = document.querySelector("#note");
const search = document.querySelector("#search");
const draft = document.querySelector("#draft");
const more = document.querySelector("#more");
const status = document.querySelector("#status");

// How many notes are shown; "Older notes" adds a page.
let shown = PAGE;
// Only the newest answer counts, whatever order they come in.
let asked = 0;

/** Asks the API; throws the message of an answer that is not good. */
async function ask(path, options) {
  const response = await fetch(path, options);
  for (const step of document.querySelectorAll("#path [data-header]")) {
    step.textContent = response.headers.get(step.dataset.header) ?? "?";
  }
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.error?.message ?? `error ${response.status}`);
  return body;
}

/** Runs this, and shows why it fails. */
async function attempt(action) {
  try {
    await action();
    say("");
  } catch (error) {
    say(error.message);
  }
}

function say(problem) {
  status.textContent = problem;
  status.classList.toggle("bad", problem !== "");
}

function element(note) {
  const item = template.content.firstElementChild.cloneNode(true);
  item.dataset.id = note.id;
  item.querySelector("h2").textContent = note.title;
  item.querySelector("p").textContent = note.body;
  const time = item.querySelector("time");
  const made = new Date(note.created);
  time.dateTime = made.toISOString();
  time.textContent = made.toLocaleString();
  return item;
}

/** Shows the notes; what is shown already stays as it is. */
async function refresh() {
  const turn = ++asked;
  const query = new URLSearchParams({ limit: Math.min(shown, 100), q: search.value });
  const page = await ask(`/api/notes?${query}`);
  if (turn !== asked) return;
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  list.replaceChildren(...page.notes.map((note) => known.get(note.id) ?? element(note)));
  more.hidden = page.next === null || shown >= 100;
}

draft.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const note = Object.fromEntries(new FormData(draft));
    await ask("/api/notes", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(note),
    });
    draft.reset();
    await refresh();
  });
});

list.addEventListener("click", (event) => {
  if (!event.target.matches(".delete")) return;
  const { id } = event.target.closest("li").dataset;
  attempt(async () => {
    await ask(`/api/notes/${id}`, { method: "DELETE" });
    await refresh();
  });
});

search.addEventListener("input", () => attempt(refresh));
more.addEventListener("click", () => {
  shown += PAGE;
  attempt(refresh);
});

attempt(refresh);
setInterval(() => document.hidden || attempt(refresh), REFRESH);

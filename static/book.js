// What is alive in the text before and without the lab: questions, goals as they stand, how far one is, the theme.
// What is rarely asked for (the search, the glossary's words, files of progress) is loaded when it is.
//
// The program says which goals are reached in `data-reached` of the goals' box, and knows nothing of the rest.

import * as progress from "./progress.js";

const view = document.body.dataset.view;
const data = JSON.parse(document.getElementById("lesson")?.textContent || "null");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const load = (name) => import(new URL(name, document.baseURI).href);

// Questions: predictions before an act, and checks of what was understood.

const QUESTION = "fieldset[data-predict]";
const questionOf = (field) => data.predictions.find(({ id }) => id === field.dataset.predict);

// Shows which answer was right, and why.
function showAnswer(field, chosen) {
  const question = questionOf(field);
  if (!question) return;
  for (const label of all("label", field)) {
    const at = Number(label.querySelector("input").value);
    delete label.dataset.answer;
    if (at === chosen) label.dataset.answer = "wrong";
    if (at === question.answer) label.dataset.answer = "right";
    if (at === chosen) label.querySelector("input").checked = true;
  }
  const because = field.querySelector(".because");
  because.dataset.verdict = chosen === question.answer ? "right" : "wrong";
  because.hidden = false;
  if (field.querySelector(".again")) return;
  const again = Object.assign(document.createElement("button"), { type: "button", className: "link again" });
  again.textContent = "Try again";
  again.addEventListener("click", () => askAgain(field));
  because.after(again);
}

// Asks as if nothing had been answered; what is kept stays until there is another answer.
function askAgain(field) {
  field.querySelector(".again").remove();
  const because = field.querySelector(".because");
  because.hidden = true;
  delete because.dataset.verdict;
  for (const label of all("label", field)) {
    delete label.dataset.answer;
    label.querySelector("input").checked = false;
  }
  field.querySelector("input").focus();
}

function hearAnswers() {
  for (const because of all(`${QUESTION} .because`)) because.setAttribute("role", "status");
  document.getElementById("main").addEventListener("change", ({ target }) => {
    const field = target.closest(QUESTION);
    const question = field && questionOf(field);
    if (!question || target.type !== "radio") return;
    showAnswer(field, Number(target.value));
    progress.answer(data.id, question.id, Number(target.value));
    showProgress();
  });
}

// Goals: those of this run, and those that were ever reached.

const goalsBox = document.querySelector("[data-goals]");

function showGoals() {
  const attribute = goalsBox.dataset.reached;
  const now = attribute === undefined ? [] : attribute.split(" ");
  const known = progress.lesson(data.id).goals;
  let count = 0;
  for (const { id, kind } of data.goals) {
    const item = goalsBox.querySelector(`[data-goal="${id}"]`);
    const reached = known.includes(id) || now.includes(id);
    item.toggleAttribute("data-reached", reached);
    item.toggleAttribute("data-broken", kind === "keep" && !reached && attribute !== undefined);
    item.querySelector(".goal-because").hidden = !reached;
    count += reached;
  }
  const text = `${count} of ${data.goals.length}`;
  const counted = goalsBox.querySelector(".goals-count");
  // Said only if it is another.
  if (counted.textContent !== text) counted.textContent = text;
  goalsBox.querySelector(".goals-done").hidden = count < data.goals.length;
}

function goalsChanged() {
  const now = goalsBox.dataset.reached?.split(" ") ?? [];
  const reached = data.goals.filter(({ id }) => now.includes(id));
  const known = progress.lesson(data.id).goals;
  // What is to be kept all along counts once everything else is reached.
  const everything = data.goals.every(({ id }) => known.includes(id) || now.includes(id));
  const counted = reached.filter(({ kind }) => everything || kind !== "keep").map(({ id }) => id);
  if (counted.length > 0) progress.reach(data.id, counted, everything);
  showProgress();
}

// How far one is: in the bar of the course, in the list of lessons, and below the lesson.

const stepsDone = ({ goals, answers }) => goals.length + Object.keys(answers).length;

function showSteps(place, lesson) {
  const steps = Number(place.dataset.steps);
  const done = Math.min(stepsDone(lesson), steps);
  place.textContent = done === 0 ? `${steps} steps` : `${done} of ${steps} steps`;
  return done / steps;
}

function showProgress() {
  const { lessons, last } = progress.read();
  const of = (id) => lessons[id] ?? { goals: [], answers: {} };
  for (const item of all("[data-lesson]")) {
    const lesson = of(item.dataset.lesson);
    item.toggleAttribute("data-done", lesson.done === true);
    const place = item.querySelector("[data-steps]");
    if (place) item.style.setProperty("--done", showSteps(place, lesson));
  }
  if (data) {
    showGoals();
    for (const place of all(".lesson-foot [data-steps]")) showSteps(place, of(data.id));
  }
  if (view === "home") showLast(last);
  showNote();
}

let beginning;

// The way back to where one was, in the place of the way to the beginning.
function showLast(last) {
  const way = document.querySelector(".resume");
  const link = last && document.querySelector(`.lessons [data-lesson="${last.lesson}"] a`);
  beginning ??= way.cloneNode(true);
  if (!link) {
    way.replaceWith(beginning.cloneNode(true));
    return;
  }
  way.href = link.getAttribute("href") + (last.heading ? `#${last.heading}` : "");
  way.replaceChildren(Object.assign(document.createElement("span"), { textContent: "Go on with" }), ` ${link.textContent}`);
}

const NOTES = {
  blocked: "This browser keeps nothing for this page: what you reach here is forgotten when you leave it.",
  full: "This browser has no room left for this page: what you reach from now on is forgotten when you leave it.",
  newer: "Your progress was kept by a newer version of this page. It is left as it is, and nothing new is kept.",
};

// Over the page rather than in it, so that nothing moves.
function showNote() {
  const text = NOTES[progress.kept];
  let note = document.querySelector(".kept-note");
  if (note) note.hidden = !text || note.dataset.closed === progress.kept;
  if (!text) return;
  if (!note) {
    note = Object.assign(document.createElement("div"), { className: "kept-note" });
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    const close = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Close" });
    close.addEventListener("click", () => {
      note.dataset.closed = progress.kept;
      note.hidden = true;
    });
    note.append(said, close);
    document.body.append(note);
  }
  if (note.firstChild.textContent !== text) note.firstChild.textContent = text;
}

// Where one is: under which heading. Looked at whenever one passes the middle of the window, since a page on its
// way out has no places any more.
function noteThePlace() {
  const headings = all("h2[id], h3[id]", document.getElementById("main"));
  let under;
  const watch = new IntersectionObserver(
    () => {
      under = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 2)?.id;
    },
    { rootMargin: "0px 0px -50% 0px" },
  );
  for (const heading of headings) watch.observe(heading);
  document.addEventListener("visibilitychange", () => document.hidden && progress.stay(data.id, under));
  addEventListener("pagehide", () => progress.stay(data.id, under));
}

function showAnswers() {
  if (!data) return;
  const { answers } = progress.lesson(data.id);
  for (const field of all(QUESTION)) {
    const chosen = answers[questionOf(field)?.id];
    if (chosen !== undefined) showAnswer(field, chosen);
  }
}

function showAll() {
  showAnswers();
  showProgress();
}

function start() {
  showAnswers();
  if (data) {
    hearAnswers();
    new MutationObserver(goalsChanged).observe(goalsBox, { attributeFilter: ["data-reached"] });
    noteThePlace();
  }
  showProgress();
  progress.elsewhere(showProgress);
}

// The theme, which theme.js has set before the first paint.

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);

function nameTheme(button) {
  const name = isDark() ? "Light theme" : "Dark theme";
  button.setAttribute("aria-label", name);
  button.title = name;
}

for (const button of all("[data-toggle-theme]")) {
  nameTheme(button);
  prefersDark.addEventListener("change", () => nameTheme(button));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme(button);
    try {
      localStorage.setItem("raft-lab:theme", root.dataset.theme);
    } catch {
      // Forbidden or full: then for this page alone.
    }
    document.dispatchEvent(new Event("raft-lab:theme"));
  });
}

// What is loaded when it is asked for.

for (const way of all("[data-search]")) {
  way.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    (await load("search.js")).open(way);
  });
}
const searchField = document.querySelector("[data-search-field]");
searchField?.addEventListener("focus", async () => (await load("search.js")).attach(searchField.form), { once: true });
if (location.hash === "#search") searchField?.focus();

// Who follows a link into a section behind a fold finds it open; not every browser does so by itself.
function unfold() {
  const target = document.querySelector(":target");
  const fold = target?.closest("details.more");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
}
for (const when of ["load", "hashchange"]) addEventListener(when, unfold);

const term = ({ target }) => target.closest?.("a.term");
async function meaning(event) {
  const link = term(event);
  if (!link) return;
  // A click says that the word is meant and not the page; what it meant then waits for no network.
  if (event.type === "click" && !event.ctrlKey && !event.metaKey && !event.shiftKey) event.preventDefault();
  (await load("glossary.js")).hear(event, link);
}
for (const kind of ["pointerover", "focusin", "click"]) document.addEventListener(kind, meaning);

for (const box of all("[data-kept]")) {
  box.addEventListener("toggle", async () => (await load("kept.js")).fill(box, showAll), { once: true });
}

start();

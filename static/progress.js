// What a reader has done in the course, kept in this browser and nowhere else.
//
// One entry of the storage holds all of it, as JSON:
//
//   { version: 1,
//     lessons: { elections: { goals: ["crash"], answers: { gap: 1 }, done: true } },
//     last: { lesson: "elections", heading: "why-a-majority" } }
//
// What was reached stays reached: writing and importing only ever add, and only a reset takes away. What a newer
// version of this page wrote is left alone; where nothing can be kept, it is known for as long as the page stands.

const KEY = "raft-lab:progress";
const SESSION = "raft-lab:session:";
const FORMAT = "Raft Lab progress";
const VERSION = 1;
const FILE_BYTES_MAX = 1024 * 1024;

const isName = (name) => typeof name === "string" && /^[a-z0-9][a-z0-9-]{0,63}$/.test(name);

/// How it stands with what is kept: `yes`, `blocked`, `full` or `newer`.
export let kept = "yes";

// What is known while nothing can be kept.
let unkept = null;

const empty = () => ({ version: VERSION, lessons: {} });

// Whatever `found` is, as progress: what is not understood is left out.
function sane(found) {
  const progress = empty();
  for (const [id, lesson] of Object.entries(found?.lessons ?? {})) {
    if (!isName(id) || typeof lesson !== "object" || lesson === null) continue;
    const answers = Object.entries(lesson.answers ?? {}).filter(
      ([question, answer]) => isName(question) && Number.isInteger(answer) && answer >= 0,
    );
    progress.lessons[id] = {
      goals: Array.isArray(lesson.goals) ? lesson.goals.filter(isName) : [],
      answers: Object.fromEntries(answers),
      ...(lesson.done === true && { done: true }),
    };
  }
  const { lesson, heading } = found?.last ?? {};
  if (isName(lesson)) progress.last = { lesson, ...(typeof heading === "string" && { heading }) };
  return progress;
}

/// All of it, as it is now.
export function read() {
  if (unkept !== null) return structuredClone(unkept);
  let text = null;
  try {
    text = localStorage.getItem(KEY);
  } catch {
    kept = "blocked";
    unkept = empty();
    return empty();
  }
  if (text === null) return empty();
  try {
    const found = JSON.parse(text);
    if (found?.version > VERSION) {
      kept = "newer";
      unkept = sane(found);
      return structuredClone(unkept);
    }
    return sane(found);
  } catch {
    // Somebody else's doing; it is put aside rather than lost.
    try {
      localStorage.setItem(`${KEY}:damaged`, text);
    } catch {
      // Full: then the next write takes its place.
    }
    return empty();
  }
}

// Changes it, from what is kept at this very moment: another tab may have written meanwhile.
function change(how) {
  const progress = read();
  how(progress);
  // Where it was full there may be room by now.
  if (unkept !== null && kept !== "full") {
    unkept = progress;
    return;
  }
  try {
    localStorage.setItem(KEY, JSON.stringify(progress));
    unkept = null;
    kept = "yes";
  } catch (error) {
    kept = error?.name === "QuotaExceededError" ? "full" : "blocked";
    unkept = progress;
  }
}

// What is there of a lesson in `progress`, made if there is nothing.
const entry = (progress, id) => (progress.lessons[id] ??= { goals: [], answers: {} });

/// What was done in a lesson: `{ goals, answers, done }`.
export const lesson = (id) => entry(read(), id);

/// Notes goals of a lesson as reached; `all` says that there are no others.
export function reach(id, goals, all) {
  const before = lesson(id);
  if (goals.every((goal) => before.goals.includes(goal)) && (!all || before.done)) return;
  change((progress) => {
    const now = entry(progress, id);
    now.goals = [...new Set([...now.goals, ...goals])];
    if (all) now.done = true;
  });
}

/// Notes the answer that was chosen to a question of a lesson.
export const answer = (id, question, chosen) =>
  change((progress) => {
    entry(progress, id).answers[question] = chosen;
  });

/// Notes where one is.
export function stay(id, heading) {
  const { last } = read();
  if (last?.lesson === id && last.heading === heading) return;
  change((progress) => {
    progress.last = { lesson: id, ...(heading && { heading }) };
  });
}

/// Forgets one lesson, or all of them if `id` is not given, and the sessions that belong to them.
export function reset(id) {
  change((progress) => {
    if (id === undefined) progress.lessons = {};
    else delete progress.lessons[id];
    if (id === undefined || progress.last?.lesson === id) delete progress.last;
  });
  try {
    const ofLesson = (key) => key.startsWith(SESSION) && !["home", "sandbox"].includes(key.slice(SESSION.length));
    for (const key of id === undefined ? Object.keys(localStorage).filter(ofLesson) : [SESSION + id]) {
      localStorage.removeItem(key);
    }
  } catch {
    // Blocked: then no session is kept either.
  }
}

/// All of it as the text of a file.
export const exported = () => JSON.stringify({ format: FORMAT, ...read() }, null, 2) + "\n";

/// Adds what a file holds to what is there. Answers with the number of lessons in it; an error says what is wrong.
export async function imported(file) {
  if (file.size > FILE_BYTES_MAX) throw new Error("it is too large to be a file of progress");
  let found;
  try {
    found = JSON.parse(await file.text());
  } catch {
    throw new Error("it is not a file of progress");
  }
  if (found?.format !== FORMAT || !Number.isInteger(found.version)) throw new Error("it is not a file of progress");
  if (found.version > VERSION) throw new Error("it was saved by a newer version of this page");
  const theirs = sane(found);
  change((progress) => {
    for (const [id, { goals, answers, done }] of Object.entries(theirs.lessons)) {
      const ours = entry(progress, id);
      ours.goals = [...new Set([...ours.goals, ...goals])];
      // What was answered here was answered last.
      ours.answers = { ...answers, ...ours.answers };
      if (done) ours.done = true;
    }
    progress.last ??= theirs.last;
  });
  return Object.keys(theirs.lessons).length;
}

/// Calls `tell` whenever another tab has changed it.
export const elsewhere = (tell) =>
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) tell();
  });

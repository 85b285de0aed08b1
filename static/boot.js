// Starts the page's WebAssembly, and is what is left when that stops.
//
// The content policy forbids inline scripts, so this file takes the place of the loader that Trunk would
// write into the HTML: it finds what Trunk announced there and starts it. It also keeps the text of every
// session on JavaScript's side, because after a panic, a trap or a lack of memory nothing of the instance
// may be asked any more: what broke, and the script that led there, must be shown without it.

const root = document.documentElement;
const SESSION = "raft-lab:session:";
// An embedded lab keeps nothing: its address says how it begins, and there may be several on one page.
const embedded = document.body.dataset.view === "embed";

// Storage may be forbidden (private windows, embedding pages, policies): the lab then merely forgets.
const storage = {
  get(key) {
    try {
      return embedded ? null : localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (!embedded) localStorage.setItem(key, value);
    } catch {
      // Full or forbidden.
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Forbidden: then nothing was stored either.
    }
  },
};

// The sessions of this page, by id: each the script that leads to where it is, as one would paste it.
const sessions = new Map();

const raftLab = {
  /// Keeps the script of session `id`, for a reload and for the day this instance breaks.
  keep(id, text) {
    sessions.set(id, text);
    storage.set(SESSION + id, text);
  },
  /// The script that session `id` had when it was last kept, or null.
  kept(id) {
    const text = sessions.get(id) ?? storage.get(SESSION + id);
    if (text !== null) sessions.set(id, text);
    return text;
  },
  /// Forgets session `id`.
  forget(id) {
    sessions.delete(id);
    storage.remove(SESSION + id);
  },
  /// What `static/share.js` does, which is loaded for it; `name` is one of its functions.
  share(name, ...given) {
    import(new URL("share.js", document.baseURI).href).then((share) => share[name](...given));
  },
  /// Has the second part of the program loaded: soon, or now that a function is called which waits in this
  /// slot of the table.
  second(slot) {
    if (slot === 0) fetchSecond();
    else loadSecond();
  },
  /// Makes the widget whose place this is, and has the program of widgets and charts loaded for it.
  widget: makeWidget,
  /// Tells widgets and charts that the session answers otherwise than before.
  news() {
    document.dispatchEvent(new Event("raft-lab:news"));
  },
  /// The link by which one came: its fragment, and the text in it or null.
  linked: null,
  /// What the page's panic hook calls; the trap that follows says nothing new.
  panic(message) {
    show("The simulator stopped: this is a bug of the lab, not of yours.", message);
  },
};
globalThis.raftLab = raftLab;

function element(name, content, properties = {}) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  return Object.assign(made, properties);
}

// Everything is set as text, never as markup: a script may hold anything a learner typed.
function panel(what, message) {
  const text = [...sessions].map(([id, script]) => `# ${id}\n${script}`).join("\n\n");
  const script = element("pre", text, { className: "broken-script", tabIndex: 0 });
  const copy = element("button", "Copy", { type: "button" });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(`${what}\n${message}\n${navigator.userAgent}\n\n${text}`);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(script);
      copy.textContent = "Selected: copy it from here";
    }
  });
  const again = element("button", "Start again with this script", { type: "button" });
  again.addEventListener("click", () => location.reload());
  const afresh = element("button", "Start afresh", { type: "button" });
  afresh.addEventListener("click", () => {
    for (const id of [...sessions.keys()]) raftLab.forget(id);
    // A link may carry the very state that broke.
    history.replaceState(null, "", location.pathname + location.search);
    location.reload();
  });
  const hasScript = text !== "";
  return element(
    "section",
    [
      element("h2", what),
      element("p", message, { className: "broken-message" }),
      element("p", hasScript ? "Seed and script so far, which bring it back:" : "The text below still reads."),
      ...(hasScript ? [script] : []),
      element("p", [...(hasScript ? [copy, " "] : []), ...(embedded ? [] : [again, " "]), afresh], {
        className: "broken-actions",
      }),
    ],
    { className: "broken", tabIndex: -1 },
  );
}

// Shows what broke above everything else, once, and keeps the broken instance from being called again.
function show(what, message) {
  if (root.dataset.lab === "broken") return;
  root.dataset.lab = "broken";
  globalThis.requestAnimationFrame = () => 0;
  for (const island of document.querySelectorAll("body [data-lab]")) island.inert = true;
  const shown = panel(what, String(message));
  shown.setAttribute("role", "alert");
  document.body.prepend(shown);
  shown.focus();
}

// Widgets in the prose, and the charts in their panel, are a program of their own (src/widgets/), fetched when
// the first of their places comes near or is opened. What stands there before says the same without it, or that
// it is missing, and comes back if that program breaks.
const widgets = {
  link: document.querySelector("link[rel=widgets]"),
  // The module, once it is asked for.
  coming: null,
  // What stood in each place at first; a place that is gone takes that along.
  plain: new WeakMap(),
};

function loadWidgets() {
  const load = async () => {
    const module = await import(widgets.link.href);
    await module.default({ module_or_path: new URL(widgets.link.dataset.program, document.baseURI) });
    return module;
  };
  widgets.coming ??= load();
  return widgets.coming;
}

async function makeWidget(section) {
  if (section.dataset.state) return;
  section.dataset.state = "coming";
  const place = section.querySelector(".widget-body");
  const plain = [...place.childNodes];
  let made = false;
  try {
    const module = widgets.link && (await loadWidgets());
    // A panel may have been closed meanwhile.
    made = section.isConnected && module?.widget(section.dataset.widget, place);
    if (made) widgets.plain.set(section, plain);
  } catch (error) {
    breakWidgets(error);
  }
  section.dataset.state = made ? "made" : "plain";
  // Tab goes on into it from here.
  if (section === document.activeElement) section.tabIndex = -1;
  else section.removeAttribute("tabindex");
}

// Their program is left alone from now on; the lab beside them is another and goes on.
function breakWidgets(error) {
  for (const section of document.querySelectorAll("[data-widget][data-state=made]")) {
    section.querySelector(".widget-body").replaceChildren(...widgets.plain.get(section));
    section.dataset.state = "plain";
  }
  widgets.coming = Promise.reject(error);
  widgets.coming.catch(() => {});
  console.warn("Widgets and charts cannot be shown:", error);
}

function watchWidgets() {
  const sections = document.querySelectorAll("[data-widget]");
  if (!widgets.link) sections.forEach(makeWidget);
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        makeWidget(target);
      }
    },
    { rootMargin: "800px 0px" },
  );
  for (const section of sections) {
    near.observe(section);
    // Until it is there, its place is what Tab comes to, so that nobody goes past it.
    section.tabIndex = 0;
  }
  // Tab goes faster through a text than what is near can be loaded.
  const byKeyboard = ({ key }) => {
    if (key !== "Tab") return;
    removeEventListener("keydown", byKeyboard);
    sections.forEach(makeWidget);
  };
  addEventListener("keydown", byKeyboard);
}

// A trap (unreachable code, memory that cannot grow) and a stack that overflowed leave the instance in a
// state that nobody knows; any other error is a script's own and leaves it standing.
function fatal(error) {
  if (widgets.link && error?.stack?.includes(widgets.link.dataset.program.replace("./", ""))) {
    breakWidgets(error);
    return;
  }
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
    show("The simulator stopped: a trap, or memory ran out.", error.message);
  }
}
addEventListener("error", (event) => fatal(event.error));
addEventListener("unhandledrejection", (event) => fatal(event.reason));

// Resolves once the text is on the screen and its fonts are asked for: the program comes after them. A tab
// that nobody sees paints nothing; it, and a browser that does not tell, need not wait long.
function painted() {
  return new Promise((resolve) => {
    setTimeout(resolve, document.hidden ? 0 : 1000);
    try {
      new PerformanceObserver(resolve).observe({ type: "paint", buffered: true });
    } catch {
      resolve();
    }
  });
}

// What this page is called in links, and its session where it is kept.
function here() {
  const view = document.body.dataset.view;
  return view === "lesson" ? JSON.parse(document.getElementById("lesson").textContent).id : view;
}

// A link is unpacked before the program starts, which then finds it here. One that belongs to another
// page of the course is opened there.
async function followLink() {
  if (!isLink()) return;
  const { unpack, page } = await import(new URL("share.js", document.baseURI).href);
  const fragment = location.hash;
  const text = await unpack(fragment);
  raftLab.linked = { fragment, text };
  const place = /^# belongs to ([a-z0-9-]+)$/m.exec(text?.slice(text.lastIndexOf("\n# belongs to ")) ?? "")?.[1];
  if (!place || place === here() || embedded) return;
  const other = page(place);
  const found = await fetch(other, { method: "HEAD" }).catch(() => null);
  if (found?.ok) {
    location.replace(other.href + fragment);
    await new Promise(() => {});
  }
}

const isLink = () => /^#v\d/.test(location.hash);
addEventListener("hashchange", () => {
  if (isLink()) location.reload();
});

// The release page's program is in two parts (xtask/src/pages/split.rs). The first draws the page and runs the
// cluster; the second has what nobody needs who only reads, and is fetched when somebody is about to act. It
// puts its functions into the table through which the first calls them. One that is called before it is there
// has it loaded on the spot, which holds the page up but always works.
const second = {
  href: document.querySelector("link[rel=program-second]")?.href,
  // What the first part exports, once it runs.
  first: null,
  // What compiles it, once it is asked for; never fails, but may answer with nothing.
  coming: null,
  here: false,
};

function joinSecond(module) {
  if (second.here || !module) return;
  new WebAssembly.Instance(module, { first: second.first });
  second.here = true;
  root.dataset.program = "whole";
}

function compileSecond() {
  const compile = async () => {
    const answer = await fetch(second.href);
    if (!answer.ok) throw new Error(`${second.href} answers ${answer.status}`);
    return WebAssembly.compile(await answer.arrayBuffer());
  };
  second.coming ??= compile().catch((error) => {
    // Asked for again at the next sign of use; who needs it and cannot have it is told so by loadSecond.
    second.coming = null;
    console.warn(error);
  });
  return second.coming;
}

async function fetchSecond() {
  if (second.href && second.first && !second.here) joinSecond(await compileSecond());
}

function loadSecond() {
  try {
    const request = new XMLHttpRequest();
    request.open("GET", second.href, false);
    // Bytes as text, each in the lower half of a character: nothing else may be asked for at once.
    request.overrideMimeType("text/plain; charset=x-user-defined");
    request.send();
    if (request.status !== 200) throw new Error(`${second.href} answers ${request.status}`);
    const bytes = Uint8Array.from(request.responseText, (character) => character.charCodeAt(0));
    joinSecond(new WebAssembly.Module(bytes));
  } catch (error) {
    show("A part of the simulator could not be loaded.", error?.message ?? error);
    throw new WebAssembly.RuntimeError("the second part of the program is missing");
  }
}

for (const island of document.querySelectorAll("body [data-lab]")) {
  for (const sign of ["pointerover", "pointerdown", "keydown", "focusin"]) {
    island.addEventListener(sign, fetchSecond, { capture: true, passive: true });
  }
}

// Who comes back, or by a link, or asks an embedded lab for something, has acted already.
function actsAtOnce() {
  return isLink() || raftLab.kept(here()) !== null || (embedded && location.search + location.hash !== "");
}

// Resolves once the lab is on the screen: what nobody looks at costs nothing, however many frames a page has.
function seen() {
  return new Promise((resolve) => {
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      resolve();
    });
    watch.observe(document.getElementById("lab"));
  });
}

async function start() {
  const script = document.querySelector("link[rel=modulepreload]");
  const wasm = document.querySelector("link[rel=program]");
  if (!script || !wasm) throw new Error("the page does not say where its program is");
  if (typeof WebAssembly !== "object") throw new Error("this browser has no WebAssembly");
  await painted();
  if (embedded) await seen();
  else watchWidgets();
  const program = fetch(wasm.href, { priority: "low" });
  // Awaited further down; until then a failure of it is not one that nobody hears of.
  program.catch(() => {});
  const early = second.href && actsAtOnce() ? compileSecond() : null;
  const [module, , compiled] = await Promise.all([import(script.href), followLink(), early]);
  second.first = await module.default({ module_or_path: program });
  if (!second.href) root.dataset.program = "whole";
  joinSecond(compiled);
  // For the tests: one session must have one trace here and natively.
  if (module.traceHash) raftLab.traceHash = module.traceHash;
  if (root.dataset.lab !== "broken") root.dataset.lab = "ready";
}

root.dataset.lab = "loading";
try {
  await start();
} catch (error) {
  if (error instanceof WebAssembly.RuntimeError) fatal(error);
  else show("The simulator could not be loaded.", error?.message ?? error);
  // Shown to the reader, and for whoever looks here.
  console.error(error);
}

// The search over the lessons and the glossary: a field with a list of what was found, as the WAI-ARIA practices
// describe a combobox with a list. Loaded when the field is come to; the index, which the page's build wrote, at
// the first letter.

const RESULTS_MAX = 10;
const PER_PAGE_MAX = 3;
const SNIPPET_LETTERS = 130;

// What a word in each place is worth.
const WORTH = { title: 8, heading: 6, text: 1 };
const EXACT = 1.5;

// Letters without accents and capitals; as many as before, so that places stay the same.
const simple = (text) =>
  [...text].map((letter) => (letter.length > 1 ? letter : letter.normalize("NFD")[0].toLowerCase()[0])).join("");
const WORD = /[\p{L}\p{N}]+/gu;

let index;

// Every section with its words, made once.
async function loadIndex() {
  const response = await fetch(new URL("search.json", document.baseURI));
  if (!response.ok) throw new Error(`search.json: ${response.status}`);
  const pages = await response.json();
  return pages.flatMap(({ page, title, number, sections }) =>
    sections.map(([id, heading, text]) => ({
      href: `${page}.html${id ? `#${id}` : ""}`,
      page,
      number,
      title,
      heading,
      text,
      words: {
        // A page is found by its title once, and by what stands under its headings.
        title: id === "" ? words(title) : [],
        heading: words(heading),
        text: words(text),
      },
    })),
  );
}

const words = (text) => simple(text).match(WORD) ?? [];

// How well a section fits a word: 0 if it does not stand there.
function fit(section, word) {
  let best = 0;
  for (const [place, worth] of Object.entries(WORTH)) {
    const found = section.words[place].filter((other) => other.startsWith(word));
    if (found.length === 0) continue;
    const often = 1 + Math.log(found.length) / 4;
    best += worth * often * (found.includes(word) ? EXACT : 1);
  }
  return best;
}

// How many letters are to be changed, added, left out or exchanged to make one word of the other, up to `most`.
function distance(one, other, most) {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let [before, last] = [[], [...Array(other.length + 1).keys()]];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (exchanged) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, last] = [last, row];
  }
  return last[other.length];
}

// The word of the index that is nearest to one that stands nowhere.
function nearest(word) {
  const most = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
  let best = null;
  let least = most + 1;
  for (const { words } of index) {
    for (const other of [...words.title, ...words.heading, ...words.text]) {
      const far = distance(word, other, least);
      if (far < least) [best, least] = [other, far];
    }
  }
  return best;
}

function rank(asked) {
  const found = [];
  for (const section of index) {
    const fits = asked.map((word) => fit(section, word));
    if (fits.some((worth) => worth === 0)) continue;
    // What is called so, and nothing else, comes before what only speaks of it.
    const isCalled = section.words.heading.join(" ") === asked.join(" ");
    found.push({ section, worth: fits.reduce((sum, worth) => sum + worth, isCalled ? WORTH.title : 0) });
  }
  found.sort((one, other) => other.worth - one.worth);
  const perPage = new Map();
  const few = found.filter(({ section: { page } }) => {
    perPage.set(page, (perPage.get(page) ?? 0) + 1);
    return perPage.get(page) <= PER_PAGE_MAX;
  });
  return few.slice(0, RESULTS_MAX).map(({ section }) => section);
}

// What is found for a text: `{ sections, asked, instead }`; `instead` says with which words, if others.
function search(text) {
  const asked = words(text);
  if (asked.length === 0) return { sections: [], asked };
  const sections = rank(asked);
  if (sections.length > 0) return { sections, asked };
  const mended = asked.map((word) => (index.some((section) => fit(section, word) > 0) ? word : (nearest(word) ?? word)));
  const others = rank(mended);
  return { sections: others, asked: mended, instead: others.length > 0 ? mended.join(" ") : undefined };
}

function element(name, className, ...content) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...content);
  return made;
}

// Text with the words that were asked for marked.
function marked(text, asked) {
  const pieces = [];
  let end = 0;
  for (const { 0: word, index: at } of simple(text).matchAll(WORD)) {
    const found = asked.find((one) => word.startsWith(one));
    if (!found) continue;
    pieces.push(text.slice(end, at), element("mark", "", text.slice(at, at + found.length)));
    end = at + found.length;
  }
  return [...pieces, text.slice(end)];
}

// The part of a text round the first word that was asked for.
function snippet(text, asked) {
  const first = [...simple(text).matchAll(WORD)].find(({ 0: word }) => asked.some((one) => word.startsWith(one)));
  const from = Math.max(0, (first?.index ?? 0) - SNIPPET_LETTERS / 3);
  const start = from === 0 ? 0 : text.indexOf(" ", from) + 1;
  const piece = text.slice(start, start + SNIPPET_LETTERS);
  const whole = start + SNIPPET_LETTERS >= text.length ? piece : piece.slice(0, piece.lastIndexOf(" ")) + " …";
  return (start > 0 ? "… " : "") + whole;
}

function option(section, asked, id) {
  const { href, number, title, heading, text } = section;
  const place = number ? `${number}. ${title}` : title;
  const name = element("span", "found-name", ...marked(heading || title, asked));
  const made = element("a", "found", name);
  if (heading) made.append(element("span", "found-place", place));
  made.append(element("span", "found-text", ...marked(snippet(text, asked), asked)));
  Object.assign(made, { href, id, tabIndex: -1 });
  made.setAttribute("role", "option");
  made.setAttribute("aria-selected", "false");
  return made;
}

/// Makes a search of a form that holds a field, a list and a status.
export function attach(form) {
  const field = form.querySelector("[role=combobox]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[role=status]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  let active = -1;
  let latest = 0;

  function choose(at) {
    active = at;
    options().forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    const chosen = options()[at];
    if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
    else field.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  function open(is) {
    list.hidden = !is;
    field.setAttribute("aria-expanded", String(is));
    if (!is) choose(-1);
  }

  // What is said to those who do not see the list; those who do see it in the list too if it is empty.
  function say(text) {
    status.textContent = text;
  }

  async function update() {
    latest += 1;
    const mine = latest;
    try {
      index ??= await loadIndex();
    } catch {
      say("The search could not be loaded.");
      return;
    }
    if (mine !== latest) return;
    const text = field.value.trim();
    const { sections, asked, instead } = search(text);
    list.replaceChildren(...sections.map((section, at) => option(section, asked, `${list.id}-${at}`)));
    choose(-1);
    open(sections.length > 0);
    const count = sections.length === 1 ? "1 place" : `${sections.length} places`;
    if (text === "") say("");
    else if (sections.length === 0) say(`Nothing was found for “${text}”.`);
    else if (instead) say(`Nothing was found for “${text}”; ${count} for “${instead}”.`);
    else say(`${count} found.`);
    status.classList.toggle("hidden-text", text === "" || (sections.length > 0 && !instead));
  }

  const go = () => (options()[active] ?? options()[0])?.click();

  field.addEventListener("input", update);
  field.addEventListener("keydown", (event) => {
    const count = options().length;
    const moves = { ArrowDown: active + 1, ArrowUp: active < 0 ? count - 1 : active - 1 };
    if (event.key in moves) {
      event.preventDefault();
      if (count === 0) return;
      open(true);
      const to = moves[event.key];
      choose(to >= count ? -1 : to);
    } else if (event.key === "Escape" && !list.hidden) {
      // What was typed stays until it is pressed once more.
      event.preventDefault();
      open(false);
    } else if (event.key === "Escape" && field.value !== "") {
      event.preventDefault();
      field.value = "";
      update();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
  form.addEventListener("focusin", () => open(options().length > 0));
  form.addEventListener("focusout", ({ relatedTarget }) => {
    if (!form.contains(relatedTarget)) open(false);
  });
  // A press on the list must not take the focus out of the field before the click comes.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", () => {
    open(false);
    form.closest("dialog")?.close();
  });
  // What was typed while this was on its way.
  if (field.value !== "") update();
}

/// Opens the search from any page: the field of this page if it has one, or a window with one.
export function open(way) {
  const own = document.querySelector("[data-search-field]");
  if (own) {
    own.focus();
    own.scrollIntoView({ block: "center" });
    return;
  }
  const field = Object.assign(element("input", "field"), {
    type: "search",
    autocomplete: "off",
    spellcheck: false,
    placeholder: "Search lessons and glossary",
  });
  const attributes = {
    role: "combobox",
    "aria-label": "Search lessons and glossary",
    "aria-expanded": "false",
    "aria-controls": "found",
    "aria-autocomplete": "list",
  };
  for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
  const list = Object.assign(element("div", "search-results"), { id: "found", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Found");
  const status = element("p", "hidden-text");
  status.setAttribute("role", "status");
  const form = element("form", "search", field, list, status);
  form.setAttribute("role", "search");
  const close = Object.assign(element("button", "button", "Close"), { type: "button" });
  close.addEventListener("click", () => dialog.close());
  const dialog = element("dialog", "search-window", form, close);
  dialog.setAttribute("aria-label", "Search");
  document.body.append(dialog);
  attach(form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    way.focus();
  });
  // A click beside it closes it.
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.showModal();
  field.focus();
}

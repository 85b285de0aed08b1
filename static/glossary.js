// What a word of the glossary means, beside it: while it is pointed at or has the focus, and for as long as one
// likes after a click or tap. The pointer may go into it, Tab leads into it, Escape closes it.

const OPEN_MS = 150;
const CLOSE_MS = 300;

// The word whose meaning is shown, and whether it stays until it is sent away.
let shown = null;
let stays = false;
let timer = 0;
// The word that the focus was given back to, which shows nothing anew.
let returned = null;

// One box for all words; it comes to stand behind the word, so that it is read and reached next.
const box = document.createElement("span");
box.id = "meaning";
box.className = "meaning";
box.popover = "manual";
box.setAttribute("role", "note");

function soon(delay, then) {
  clearTimeout(timer);
  timer = setTimeout(then, delay);
}

function place(link) {
  const word = link.getClientRects()[0];
  const below = word.bottom + 6;
  // A foot may stand at the bottom of the window.
  const foot = document.querySelector(".lesson-foot")?.getBoundingClientRect().top ?? innerHeight;
  const top = below + box.offsetHeight < Math.min(innerHeight, foot) ? below : word.top - 6 - box.offsetHeight;
  const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - box.offsetWidth - 8));
  box.style.left = `${left + scrollX}px`;
  box.style.top = `${top + scrollY}px`;
}

function show(link) {
  clearTimeout(timer);
  if (shown === link) return;
  hide();
  shown = link;
  const word = new URL(link.href).hash.slice(1);
  const name = Object.assign(document.createElement("strong"), { textContent: word.replaceAll("-", " ") });
  const text = Object.assign(document.createElement("span"), { id: "meaning-text", textContent: link.dataset.meaning });
  const way = Object.assign(document.createElement("a"), { href: link.href, textContent: "In the glossary" });
  box.replaceChildren(name, " ", text, " ", way);
  link.after(box);
  link.setAttribute("aria-describedby", text.id);
  box.showPopover?.();
  place(link);
}

function hide() {
  clearTimeout(timer);
  if (shown === null) return;
  const link = shown;
  const held = box.contains(document.activeElement);
  shown = null;
  stays = false;
  link.removeAttribute("aria-describedby");
  box.remove();
  if (!held) return;
  returned = link;
  link.focus();
}

const isOurs = (target) => shown !== null && (shown.contains(target) || box.contains(target));

/// Hears that a word was pointed at, came to have the focus, or was clicked.
export function hear({ type, pointerType }, link) {
  if (type === "pointerover") {
    // A finger that touches it taps or scrolls.
    if (pointerType === "touch" || shown === link) return;
    link.addEventListener("pointerleave", () => clearTimeout(timer), { once: true });
    soon(shown === null ? OPEN_MS : CLOSE_MS, () => link.matches(":hover") && show(link));
  } else if (type === "focusin") {
    if (document.activeElement === link && returned !== link) show(link);
    returned = null;
  } else if (shown === link && stays) {
    hide();
  } else {
    show(link);
    stays = true;
  }
}

document.addEventListener("pointerover", ({ target }) => {
  if (isOurs(target)) clearTimeout(timer);
});
document.addEventListener("pointerout", ({ target, relatedTarget }) => {
  if (!isOurs(target) || isOurs(relatedTarget) || stays || isOurs(document.activeElement)) return;
  soon(CLOSE_MS, hide);
});
document.addEventListener("focusout", ({ target, relatedTarget }) => {
  if (!isOurs(target) || isOurs(relatedTarget)) return;
  // A click somewhere takes the focus away, and is heard of below; a word that was clicked keeps its meaning.
  if (relatedTarget !== null || !box.matches(":hover")) hide();
});
document.addEventListener("pointerdown", ({ target }) => {
  if (!isOurs(target)) hide();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || shown === null) return;
  event.preventDefault();
  hide();
});

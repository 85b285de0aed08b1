// Where a reader exports, imports and resets what is kept of them. Loaded when that is opened.

import * as progress from "./progress.js";
import { save } from "./share.js";

function element(name, content, properties = {}) {
  const made = document.createElement(name);
  made.append(...[content].flat());
  return Object.assign(made, properties);
}

const button = (name, act, className = "button") => {
  const made = element("button", name, { type: "button", className });
  made.addEventListener("click", act);
  return made;
};

const lessons = (count) => (count === 1 ? "1 lesson" : `${count} lessons`);

// Asks before something is forgotten; resolves to whether it is to be.
function confirmed(title, text) {
  const heading = element("h2", title, { id: "confirm-title" });
  const cancel = element("button", "Cancel", { className: "button", value: "", autofocus: true });
  const reset = element("button", "Reset", { className: "button", value: "reset" });
  reset.dataset.kind = "first";
  const form = element("form", [heading, element("p", text), element("p", [cancel, reset], { className: "confirm-ways" })], {
    method: "dialog",
  });
  const dialog = element("dialog", form, { className: "confirm" });
  dialog.setAttribute("aria-labelledby", heading.id);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "reset");
    }),
  );
}

/// Fills the box `kept` below the text; `changed` is called when what is kept has changed.
export function fill(kept, changed) {
  const here = kept.dataset.kept;
  const said = element("p", "", { className: "kept-said" });
  said.setAttribute("role", "status");
  const each = element("ul", "", { className: "kept-lessons" });

  async function reset(id, title) {
    const [name, text] = id
      ? [`Reset “${title}”?`, "Its goals, answers and run are forgotten. This cannot be undone."]
      : ["Reset all lessons?", "All goals, answers and runs of all lessons are forgotten. This cannot be undone, but you can export them first."];
    if (!(await confirmed(name, text))) return;
    progress.reset(id);
    if (here) {
      // The lab would keep its run once more as it leaves.
      if (globalThis.raftLab) raftLab.keep = () => {};
      location.reload();
      return;
    }
    changed();
    list();
    said.textContent = id ? `“${title}” begins anew.` : "All lessons begin anew.";
  }

  // On the front page every lesson that was begun can be reset by itself.
  function list() {
    if (here) return;
    const begun = Object.keys(progress.read().lessons);
    const rows = [...document.querySelectorAll(".lessons [data-lesson]")].filter(({ dataset }) => begun.includes(dataset.lesson));
    each.replaceChildren(
      ...rows.map((row) => {
        const title = row.querySelector("a").textContent;
        const way = button("Reset", () => reset(row.dataset.lesson, title), "link");
        way.setAttribute("aria-label", `Reset ${title}`);
        return element("li", [element("span", title), element("span", row.querySelector("[data-steps]").textContent), way]);
      }),
    );
  }

  function choose() {
    const input = element("input", "", { type: "file", accept: ".json,application/json" });
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (!file) return;
      try {
        const count = await progress.imported(file);
        changed();
        list();
        said.textContent = `Imported ${lessons(count)} from ${file.name}. What was reached here stays reached.`;
      } catch (error) {
        said.textContent = `Nothing was imported from ${file.name}: ${error.message}.`;
      }
    });
    input.click();
  }

  const title = document.querySelector("main h1")?.textContent;
  const ways = [
    button("Export as a file", () => save("raft-lab-progress.json", progress.exported())),
    button("Import a file", choose),
    ...(here ? [button("Reset this lesson", () => reset(here, title))] : []),
    button("Reset all lessons", () => reset()),
  ];
  list();
  kept.append(each, element("p", ways, { className: "kept-ways" }), said);
}

// Links and files, as far as they are the browser's: deflating, the clipboard, the file system.
//
// Loaded only when somebody shares something, or comes by a link. What a link holds is written and judged
// by the program (docs/links.md); here a text becomes a fragment and a fragment a text.

const PREFIX = "#v1.";
const FRAGMENT_BYTES_MAX = 32 * 1024;
// A small link may unpack to gigabytes; the program reads no more than this.
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

async function through(bytes, transform) {
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  const pieces = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    size += value.length;
    pieces.push(value);
    if (size > TEXT_BYTES_MAX) {
      await reader.cancel();
      return new Uint8Array(await new Blob(pieces).arrayBuffer());
    }
  }
}

// The fragment that carries `text`.
async function pack(text) {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return PREFIX + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/// The text in `fragment`, or null if there is none to be had.
export async function unpack(fragment) {
  if (!fragment.startsWith(PREFIX) || fragment.length > FRAGMENT_BYTES_MAX) return null;
  try {
    const binary = atob(fragment.slice(PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
    const text = await through(bytes, new DecompressionStream("deflate-raw"));
    return new TextDecoder("utf-8", { fatal: true }).decode(text);
  } catch {
    return null;
  }
}

/// Where the page of a lesson, or `home`, or `sandbox` is.
export function page(place) {
  return new URL(`${place === "home" ? "index" : place}.html`, location.href);
}

/// The address that opens `text` at `place`; a RangeError with the number of bytes if it is too long.
export async function address(text, place) {
  const fragment = await pack(text);
  if (fragment.length > FRAGMENT_BYTES_MAX) throw new RangeError(String(fragment.length));
  return page(place).href + fragment;
}

// Puts what `text` promises into the clipboard. It is given as a promise, for browsers that want the
// clipboard asked at the very moment of the click.
async function write(text) {
  const blob = text.then((text) => new Blob([text], { type: "text/plain" }));
  blob.catch(() => {});
  await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
}

/// Copies a text and calls `tell` with `copied` or `refused`.
export async function copy(text, tell) {
  await write(Promise.resolve(text)).then(
    () => tell("copied"),
    () => tell("refused"),
  );
}

/// Copies the link and calls `tell(outcome, detail)`: `copied` and its bytes, `refused` and the link,
/// `long` and its bytes, or `unable` and why.
export async function copyLink(text, place, tell) {
  const link = address(text, place);
  try {
    await write(link);
    tell("copied", String((await link).length));
  } catch {
    try {
      tell("refused", await link);
    } catch (error) {
      if (error instanceof RangeError) tell("long", error.message);
      else tell("unable", String(error?.message ?? error));
    }
  }
}

/// Opens `text` in a window of its own, or in this frame where none may be opened. What is too long for a
/// link is saved as a file, and `tell` hears of that.
export async function leave(text, tell) {
  try {
    const link = await address(text, "sandbox");
    const opened = window.open(link, "_blank");
    if (opened) opened.opener = null;
    else location.assign(link);
  } catch (error) {
    if (error instanceof RangeError) save("raft-lab.lab", text);
    tell(error instanceof RangeError ? "saved" : "unable", String(error?.message ?? error));
  }
}

/// Saves `text` as a file.
export function save(name, text) {
  const href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const anchor = Object.assign(document.createElement("a"), { href, download: name });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

/// Lets a file be chosen and calls `tell(name, text)`; one that is too large has no text.
export function open(tell) {
  const input = Object.assign(document.createElement("input"), { type: "file", accept: ".lab,.txt,text/plain" });
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) tell(file.name, file.size > TEXT_BYTES_MAX ? null : await file.text());
  });
  input.click();
}

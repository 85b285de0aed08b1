// JSON lines, read one by one, however long the file is (docs/trace.md, first paragraphs).

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/// What is wrong with a file itself, as opposed to the run that it tells.
export class Malformed extends Error {
  /// `where` is a line, as `trace:12`.
  constructor(where, reason) {
    super(`${where}: ${reason}`);
  }
}

/// The lines of a file. It is opened when the first one is asked for: Node's reader would lose those that come
/// before somebody listens.
export async function* linesOf(path) {
  yield* createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Infinity });
}

// Strings are matched too, so that digits within them are left alone.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d{16,}/g;

/// Each line of `lines` as `{ where, value }`. Numbers of 16 digits and more become strings: a double would
/// round them, and two digests that differ would look equal.
export async function* objects(name, lines) {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const where = `${name}:${number}`;
    const text = line.replace(TOKEN, (token) => (token[0] === '"' ? token : `"${token}"`));
    let value;
    try {
      value = JSON.parse(text);
    } catch {
      throw new Malformed(where, "this is not a line of JSON");
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Malformed(where, "this is not an object");
    }
    yield { where, value };
  }
}

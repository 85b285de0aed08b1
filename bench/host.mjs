// Where the measured code runs in WebAssembly: Node.js.
//
//   node bench/host.mjs FOLDER WORD…
//
// FOLDER is what wasm-bindgen wrote. Each word is measured in an instance of its own, whose memory
// nothing else has used; each figure is printed as `name TAB value`.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...words] = process.argv.slice(2);
const bytes = await readFile(path.join(folder, "bench_bg.wasm"));
const address = pathToFileURL(path.resolve(folder, "bench.js"));

for (const word of words) {
  // A module of its own has an instance of its own.
  const bench = await import(`${address}?${word}`);
  const { memory } = bench.initSync({ module: bytes });
  const host = {
    seconds: () => performance.now() / 1000,
    bytes: () => memory.buffer.byteLength,
    say: (name, value) => console.log(`${name}\t${value}`),
  };
  if (!bench.measure(word, host)) {
    console.error(`nothing is called ${word}`);
    process.exit(2);
  }
}

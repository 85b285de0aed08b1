// Weighs every file below a folder as hosts send it: one line each, `raw gzip brotli name`, in bytes.
// Node has both compressors, so xtask needs no crates for them.

import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = process.argv.at(-1);
for (const name of readdirSync(dist, { recursive: true })) {
  const file = path.join(dist, name);
  if (statSync(file).isDirectory()) continue;
  const data = readFileSync(file);
  const gzip = gzipSync(data, { level: 9 }).length;
  const brotli = brotliCompressSync(data, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
  }).length;
  console.log(`${data.length} ${gzip} ${brotli} ${name.replaceAll("\\", "/")}`);
}

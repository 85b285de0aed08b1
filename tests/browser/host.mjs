// A plain static host for the built page, as course pages have one: below a path, with the content policy as
// a header, so that an inline script or style cannot slip in. Asked to, it compresses and lets browsers keep
// what is named after its content, as a good host does; otherwise a page is fresh at every visit.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));

/// The folder with the built page.
export const dist = process.env.RAFT_LAB_DIST ?? path.join(here, "..", "..", "dist");

/// The policy of the design: no inline script, no inline style, nothing from elsewhere.
export const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'";

const BASE = "/docs/raft-lab/";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

// How far away a good host is. At no distance at all fonts would be there before the first paint, and
// Lighthouse, which replays what it saw over a slow network, would take them for what the paint waited for.
const DISTANCE_MS = 30;

// What is small already gains nothing from being compressed again.
const COMPRESSED = new Set([".png", ".woff2"]);

const encoders = { br: (content) => brotliCompressSync(content), gzip: (content) => gzipSync(content) };

// The best of what the browser takes.
const encodingFor = (request) =>
  ["br", "gzip"].find((name) => request.headers["accept-encoding"]?.split(/[ ,]+/).includes(name));

function answerer({ good }) {
  // Compressing the program takes a second: once is enough.
  const encoded = new Map();
  const encode = (file, encoding, content) => {
    const key = `${encoding} ${file}`;
    if (!encoded.has(key)) encoded.set(key, encoders[encoding](content));
    return encoded.get(key);
  };
  return async (request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://host").pathname);
    const headers = { "Content-Security-Policy": policy, "Cache-Control": "no-store" };
    const file = path.join(dist, name.slice(BASE.length) || "index.html");
    const ours = name.startsWith(BASE) && file.startsWith(dist);
    const content = ours ? await readFile(file).catch(() => null) : null;
    if (content === null) {
      response.writeHead(404, headers).end();
      return;
    }
    const extension = path.extname(file);
    headers["Content-Type"] = TYPES[extension] ?? "application/octet-stream";
    if (!good) {
      response.writeHead(200, headers).end(content);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, DISTANCE_MS));
    headers["Cache-Control"] = extension === ".html" ? "no-cache" : "public, max-age=31536000, immutable";
    headers.Vary = "Accept-Encoding";
    const encoding = COMPRESSED.has(extension) ? undefined : encodingFor(request);
    const body = encoding === undefined ? content : encode(file, encoding, content);
    if (encoding !== undefined) headers["Content-Encoding"] = encoding;
    response.writeHead(200, { ...headers, "Content-Length": body.length }).end(body);
  };
}

/// Serves the page; `good` as a good host does. Answers with `{ base, stop }`: the address of the page's
/// folder, and what ends it.
export async function serve({ good = false } = {}) {
  const server = createServer(answerer({ good }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${server.address().port}${BASE}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// Makes the browser's PNG pictures small enough for git: few colours, those that matter, packed well.
//
// Node has the compressor; the rest of what PNG needs is little (PNG specification, sections 9 to 11).

import { crc32 as zlibCrc, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 64;

/// The picture again, with a palette.
export function withPalette(png) {
  const { width, height, pixels } = decode(png);
  const palette = choose(count(pixels));
  return encode(width, height, pixels, palette);
}

// Node 20.15 and later have it.
const crc32 = zlibCrc ?? ((data) => {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
});

function* chunks(png) {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}

// Every pixel as one number, red first. What is transparent is not expected: pages have a ground.
function decode(png) {
  const parts = [...chunks(png)];
  const header = parts.find(({ type }) => type === "IHDR").data;
  const [width, height, depth, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]];
  const channels = { 2: 3, 6: 4 }[kind];
  if (depth !== 8 || channels === undefined || header[12] !== 0) throw new Error("not a picture as Chromium takes it");
  const data = inflateSync(Buffer.concat(parts.filter(({ type }) => type === "IDAT").map((part) => part.data)));
  const stride = width * channels;
  const rows = unfilter(data, height, stride, channels);
  const pixels = new Uint32Array(width * height);
  for (let at = 0; at < pixels.length; at += 1) {
    const from = at * channels;
    pixels[at] = (rows[from] << 16) | (rows[from + 1] << 8) | rows[from + 2];
  }
  return { width, height, pixels };
}

function unfilter(data, height, stride, channels) {
  const rows = new Uint8Array(height * stride);
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (stride + 1)];
    const [from, to] = [y * (stride + 1) + 1, y * stride];
    for (let x = 0; x < stride; x += 1) {
      const left = x < channels ? 0 : rows[to + x - channels];
      const up = y === 0 ? 0 : rows[to + x - stride];
      const corner = y === 0 || x < channels ? 0 : rows[to + x - stride - channels];
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rows[to + x] = data[from + x] + guess;
    }
  }
  return rows;
}

function paeth(left, up, corner) {
  const sum = left + up - corner;
  const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function count(pixels) {
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  return counts;
}

const channel = (colour, which) => (colour >> (16 - 8 * which)) & 255;

// Median cut: the box of colours that is widest, by how many have them, is cut in two until there are enough;
// the commonest of each box stands for all of it, so that grounds and inks stay what they are.
function choose(counts) {
  const boxes = [box([...counts])];
  while (boxes.length < COLOURS) {
    const widest = boxes.reduce((one, other) => (other.weight > one.weight ? other : one));
    if (widest.weight === 0) break;
    const sorted = widest.entries.sort(([one], [other]) => channel(one, widest.axis) - channel(other, widest.axis) || one - other);
    const middle = sorted.length >> 1;
    boxes.splice(boxes.indexOf(widest), 1, box(sorted.slice(0, middle)), box(sorted.slice(middle)));
  }
  const nearest = new Map();
  const colours = boxes.map(({ entries }, place) => {
    for (const [colour] of entries) nearest.set(colour, place);
    return entries.reduce((one, other) => (other[1] > one[1] ? other : one))[0];
  });
  return { colours, nearest };
}

function box(entries) {
  const spans = [0, 1, 2].map((which) => {
    let [low, high] = [255, 0];
    for (const [colour] of entries) {
      low = Math.min(low, channel(colour, which));
      high = Math.max(high, channel(colour, which));
    }
    return high - low;
  });
  const axis = spans.indexOf(Math.max(...spans));
  const total = entries.reduce((sum, [, number]) => sum + number, 0);
  return { entries, axis, weight: entries.length < 2 ? 0 : spans[axis] * Math.cbrt(total) };
}

function encode(width, height, pixels, { colours, nearest }) {
  const data = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) data[y * (width + 1) + 1 + x] = nearest.get(pixels[y * width + x]);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  const palette = Buffer.from(colours.flatMap((colour) => [0, 1, 2].map((which) => channel(colour, which))));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", deflateSync(data, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}

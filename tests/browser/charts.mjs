// Widgets and charts in the prose: how one comes to them, and what is drawn there.

/// The place of a widget in the prose.
export const widget = (page, name) => page.locator(`[data-widget="${name}"]`);

/// Comes to a widget, as a reader does, and waits until its program has made it.
export async function come(page, name) {
  const found = widget(page, name);
  await found.scrollIntoViewIfNeeded();
  await page.locator(`[data-widget="${name}"][data-state="made"]`).waitFor();
  await found.scrollIntoViewIfNeeded();
  return found;
}

/// How many dots of a chart differ from its first, and a hash of them all.
export const picture = (chart) =>
  chart.locator("canvas").first().evaluate((canvas) => {
    // A copy is read: the chart's own canvas is not made for that.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const dots = new Uint32Array(data.buffer);
    let drawn = 0;
    let hash = 0;
    for (const dot of dots) {
      if (dot !== dots[0]) drawn += 1;
      hash = (hash * 31 + dot) | 0;
    }
    return { drawn, hash, width: canvas.width, height: canvas.height, across: canvas.clientWidth };
  });

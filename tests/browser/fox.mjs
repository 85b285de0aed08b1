// Firefox as it is installed: Playwright speaks WebDriver BiDi with it.
//
// It differs from the Chromium of the other tests in what can be asked of it. What a reader prefers of colours
// and motion is told to it as it starts, so each of those is a Firefox of its own, which starts when a page asks
// for it. Scripts cannot be turned off, and Playwright's `tap` does nothing.

import { firefox } from "playwright-core";

/// Playwright sends it always; Firefox does not know it.
const UNKNOWN = "emulation.setMediaFeaturesOverride";

const SCHEMES = { dark: 0, light: 1 };

async function launch(colorScheme, reducedMotion) {
  const browser = await firefox.launch({
    channel: "moz-firefox",
    executablePath: process.env.FIREFOX || "/usr/bin/firefox-esr",
    firefoxUserPrefs: {
      "layout.css.prefers-color-scheme.content-override": SCHEMES[colorScheme],
      "ui.prefersReducedMotion": reducedMotion === "reduce" ? 1 : 0,
    },
  });
  // Playwright's own, like its channel without a name in its documents: its version is pinned.
  const session = browser._connection.toImpl(browser)._browserSession;
  const send = session.send.bind(session);
  session.send = async (method, given) => (method === UNKNOWN ? {} : send(method, given));
  return browser;
}

/// Stands where Playwright's browser stands: as many Firefoxes as there are preferences.
export class Fox {
  #started = new Map();

  async newContext({ colorScheme = "light", reducedMotion = "no-preference", ...options }) {
    const prefers = `${colorScheme} ${reducedMotion}`;
    if (!this.#started.has(prefers)) this.#started.set(prefers, launch(colorScheme, reducedMotion));
    return (await this.#started.get(prefers)).newContext(options);
  }

  async close() {
    await Promise.all([...this.#started.values()].map(async (browser) => (await browser).close()));
  }
}

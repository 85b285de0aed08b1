// Three ways to do the same thing: with a mouse, with a keyboard alone, with a finger.

import assert from "node:assert/strict";

const focused = (locator) => locator.evaluate((element) => element === document.activeElement);

/// Presses Tab, as often as it takes, until `locator` has the focus.
export async function tabTo(page, locator) {
  for (let presses = 0; presses < 120; presses += 1) {
    if (await focused(locator)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab never came to ${locator}`);
}

// Presses an arrow key until `locator` has the focus.
async function arrowTo(page, key, locator) {
  for (let presses = 0; presses < 30; presses += 1) {
    if (await focused(locator)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} never came to ${locator}`);
}

function pointer(press) {
  return {
    press,
    async choose(learner, target, name) {
      await press(target);
      await press(learner.item(name));
    },
    write: (_learner, field, text) => field.fill(text),
    pick: (_learner, field, name) => field.selectOption(name),
  };
}

export const mouse = pointer((locator) => locator.click());

export const finger = pointer((locator) => locator.tap());

export const keyboard = {
  async press(locator) {
    await tabTo(locator.page(), locator);
    await locator.page().keyboard.press("Enter");
  },

  /// Opens the menu of a node or link, which are reached by arrow keys, and chooses from it.
  async choose({ page, item }, target, name) {
    const entrance = target.locator("xpath=ancestor::*[@role='group'][1]").locator('[role="button"][tabindex="0"]');
    await tabTo(page, entrance.first());
    await arrowTo(page, "ArrowRight", target);
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await arrowTo(page, "ArrowDown", page.getByRole("menuitem", { name, exact: true }));
    await page.keyboard.press("Enter");
  },

  async write({ page }, field, text) {
    await tabTo(page, field);
    await page.keyboard.press("Control+A");
    await page.keyboard.type(text);
  },

  async pick({ page }, field, name) {
    await tabTo(page, field);
    await page.keyboard.type(name);
  },
};

// What is asked of an embedded lab: the options in its address (docs/embedding.md). It stands in the place of
// theme.js, small and blocking as that is: the theme must stand before the first paint.
{
  // A link is the boot file's; any other fragment holds options, and what stands there reaches no server.
  const fragment = /^#v\d/.test(location.hash) ? "" : location.hash.slice(1);
  const asked = new URLSearchParams(`${location.search.slice(1)}&${fragment}`);
  const known = ["nodes", "seed", "script", "panel", "speed", "theme", "paused"];
  for (const name of asked.keys()) {
    if (!known.includes(name)) console.warn(`Raft Lab: no option is called ${name}; there are ${known.join(", ")}`);
  }
  const number = (name) => (asked.has(name) ? Number(asked.get(name)) : null);
  // The page's speeds below 1 are fractions: 0.2 is called 1/5.
  const speed = asked.get("speed");
  const slow = speed > 0 && speed < 1;
  globalThis.raftLabAsked = {
    nodes: number("nodes"),
    seed: number("seed"),
    script: asked.has("script") ? asked.getAll("script").join("\n") : null,
    panel: asked.get("panel"),
    speed: slow ? `1/${Math.round(1 / speed)}` : speed,
    paused: asked.has("paused") && asked.get("paused") !== "false" ? "yes" : null,
  };
  const theme = asked.get("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  // The page around it may change the address alone.
  addEventListener("hashchange", () => location.reload());
}

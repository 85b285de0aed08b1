// A chosen theme stands before the first paint; without a choice the system's applies.
try {
  const theme = localStorage.getItem("raft-lab:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme it is.
}

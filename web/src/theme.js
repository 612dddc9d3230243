// Light, dark, or as the machine has it.
const THEMES = ["auto", "light", "dark"];

export const theme = () => localStorage.getItem("theme") ?? "auto";

export function applyTheme(name = theme()) {
  if (name === "auto")
    localStorage.removeItem("theme");
  else
    localStorage.setItem("theme", name);
  document.documentElement.dataset.theme = name;
}

export const nextTheme = () => applyTheme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);

// Every word the console says: Korean, English. {name} is filled in.
import { useEffect, useState } from "preact/hooks";
import { WORDS } from "./word_list.js";

const CHANGED = "kk-language";
let current = localStorage.getItem("language") ?? (navigator.language.startsWith("ko") ? "ko" : "en");
document.documentElement.lang = current;

export const language = () => current;

export function setLanguage(name) {
  current = name;
  localStorage.setItem("language", name);
  document.documentElement.lang = name;
  dispatchEvent(new Event(CHANGED));
}

export const has = (key) => Object.hasOwn(WORDS, key);

export function t(key, values = {}) {
  if (!has(key))
    return key;
  return WORDS[key][current === "ko" ? 0 : 1].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// The whole page is drawn again in the other language.
export function useLanguage() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    addEventListener(CHANGED, again);
    return () => removeEventListener(CHANGED, again);
  }, []);
}

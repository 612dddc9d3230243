// Changes as they happen: one place asks, every page hears. The server's stream where there is one, else a question
// every second.
import { useEffect, useState } from "preact/hooks";
import { get, query } from "./api.js";
import { noteNames } from "./change.jsx";

const EVERY_MS = 1000;
const KEPT = 500;

let changes = []; // newest first
let isKnown = false;
let state = "asking"; // asking | live | away
const listeners = new Set();

function tell() {
  for (const listener of listeners)
    listener();
}

function add(fresh) {
  const known = new Set(changes.slice(0, fresh.length + KEPT).map((change) => change.id));
  const added = fresh.filter((change) => !known.has(change.id));
  noteNames(added.toReversed());
  if (added.length)
    changes = [...added.sort((a, b) => b.id - a.id), ...changes].slice(0, KEPT);
}

async function look() {
  const newest = changes[0]?.id;
  if (!isKnown) {
    changes = (await get(query("/v1/changes", { order: "newest", limit: 200 }))).items;
    isKnown = true;
  } else {
    const page = await get(query("/v1/changes", { after: newest ?? 0, limit: 1000 }));
    add(page.items);
  }
}

export function startNews() {
  let isOver = false, timer = 0;
  changes = [];
  isKnown = false;
  async function turn() {
    try {
      if (!document.hidden || !isKnown)
        await look();
      state = "live";
    } catch {
      state = "away";
    }
    tell();
    if (!isOver)
      timer = setTimeout(turn, EVERY_MS);
  }
  turn();
  return () => { isOver = true; clearTimeout(timer); };
}

function useTold(read) {
  const [value, setValue] = useState(read);
  useEffect(() => {
    const listener = () => setValue(read());
    listeners.add(listener);
    listener();
    return () => listeners.delete(listener);
  }, []);
  return value;
}

export const useNewsState = () => useTold(() => state);
// null: not known yet
export const useNews = () => useTold(() => (isKnown ? changes : null));

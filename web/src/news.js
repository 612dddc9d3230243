// Changes as they happen: one place listens to the server's stream, every page hears.
import { useEffect, useState } from "preact/hooks";
import { get, query } from "./api.js";
import { noteNames } from "./change.jsx";

const AGAIN_MS = 1000;
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

async function begin() {
  changes = (await get(query("/v1/changes", { order: "newest", limit: 200 }))).items;
  isKnown = true;
}

// The stream goes on by itself where it was. Where the server refuses it (a session that is over), asking for the list
// tells why; so it begins again from there.
export function startNews() {
  let source = null, timer = 0, isOver = false;
  changes = [];
  isKnown = false;
  const say = (what) => { state = what; tell(); };
  const again = () => { if (!isOver) timer = setTimeout(open, AGAIN_MS); };

  async function open() {
    try {
      await begin();
    } catch {
      say("away");
      return again();
    }
    if (isOver)
      return undefined;
    source = new EventSource(query("/v1/stream", { after: changes[0]?.id ?? 0 }));
    source.addEventListener("open", () => say("live"));
    source.addEventListener("change", (event) => { add([JSON.parse(event.data)]); tell(); });
    source.addEventListener("error", () => {
      say("away");
      if (source.readyState === EventSource.CLOSED)
        again();
    });
    return tell();
  }
  open();
  return () => { isOver = true; clearTimeout(timer); source?.close(); };
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

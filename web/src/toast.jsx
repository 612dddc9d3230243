// What came of an action, said for a few seconds and to screen readers.
import { useEffect, useState } from "preact/hooks";

const SECONDS = 6;
let shown = [];
let update = () => {};
let nextId = 1;

export function toast(text, kind = "good") {
  const id = nextId++;
  shown = [...shown.slice(-3), { id, text, kind }];
  update(shown);
  setTimeout(() => {
    shown = shown.filter((one) => one.id !== id);
    update(shown);
  }, SECONDS * 1000);
}

export function Toasts() {
  const [list, setList] = useState(shown);
  useEffect(() => { update = setList; return () => { update = () => {}; }; }, []);
  return <div class="toasts" role="status" aria-live="polite">{list.map(({ id, text, kind }) => <p key={id} class={kind}>{text}</p>)}</div>;
}

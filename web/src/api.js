// Questions to the API that served this page. The session's cookie goes along by itself; writes add the token that
// proves that one of our own pages asks.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

let csrf = "";
let loggedOut = () => {};

export function onLoggedOut(listener) {
  loggedOut = listener;
}

// What the server said is wrong (RFC 9457), or that it could not be reached (status 0).
export class Problem extends Error {
  constructor(status, { detail, errors } = {}) {
    super(detail ?? "");
    this.status = status;
    this.pointer = errors?.[0]?.pointer ?? null; // "#/period": the field it is about
  }
}

async function send(method, path, body, headers) {
  try {
    return await fetch(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(method === "GET" ? {} : { "X-CSRF-Token": csrf }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0);
  }
}

export async function ask(method, path, body, headers) {
  const answer = await send(method, path, body, headers);
  const type = answer.headers.get("Content-Type") ?? "";
  const value = type.includes("json") ? await answer.json().catch(() => ({})) : await answer.text();
  if (answer.ok)
    return value;
  if (answer.status === 401 && !path.startsWith("/console/"))
    loggedOut();
  throw new Problem(answer.status, typeof value === "object" ? value : {});
}

export const get = (path) => ask("GET", path);

function keep(value) {
  csrf = value.session?.csrf ?? "";
  return value.session && { ...value.session, version: value.version };
}
export const openSession = () => get("/console/session").then(keep);
export const logIn = (key) => ask("POST", "/console/login", { key }).then(keep);
export const logOut = () => ask("POST", "/console/logout").then(keep);

const ROLES = ["viewer", "trigger", "operator", "admin"];
export const may = (session, role) => ROLES.indexOf(session.role) >= ROLES.indexOf(role);

export function query(path, values) {
  const text = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value != null)).toString();
  return text ? `${path}${path.includes("?") ? "&" : "?"}${text}` : path;
}

// Every page of a list, up to max rows.
export async function getAll(path, max = 100000) {
  const rows = [];
  let cursor = null;
  do {
    const page = await get(query(path, { limit: 1000, cursor }));
    rows.push(...page.items);
    cursor = page.cursor;
  } while (cursor && rows.length < max);
  return rows;
}

// What read() answers, asked again every so many milliseconds while somebody looks. What was known stays in view while
// a later question fails. deps: what the question depends on.
export function useAsked(read, deps, everyMs = 0) {
  const [state, setState] = useState({ data: undefined, error: null });
  const turn = useRef(0);
  const load = useCallback(async () => {
    const mine = ++turn.current;
    try {
      const data = await read();
      if (mine === turn.current)
        setState({ data, error: null });
    } catch (error) {
      if (mine === turn.current)
        setState((was) => ({ ...was, error }));
    }
  }, deps);
  useEffect(() => {
    setState({ data: undefined, error: null });
    load();
    return () => { turn.current++; };
  }, [load]);
  useEffect(() => {
    if (!everyMs)
      return undefined;
    const timer = setInterval(() => { if (!document.hidden) load(); }, everyMs);
    return () => clearInterval(timer);
  }, [load, everyMs]);
  return { ...state, reload: load };
}

// A long list, page by page as it is scrolled to.
export function usePages(path) {
  const [state, setState] = useState({ rows: [], cursor: null, isAsking: true, error: null });
  const turn = useRef(0);
  const load = useCallback(async (rows, cursor) => {
    const mine = ++turn.current;
    setState((was) => ({ ...was, rows, isAsking: true, error: null }));
    try {
      const page = await get(query(path, { limit: 1000, cursor }));
      if (mine === turn.current)
        setState({ rows: rows.concat(page.items), cursor: page.cursor, isAsking: false, error: null });
    } catch (error) {
      if (mine === turn.current)
        setState((was) => ({ ...was, isAsking: false, error }));
    }
  }, [path]);
  useEffect(() => { load([], null); return () => { turn.current++; }; }, [load]);
  return {
    ...state,
    more: () => { if (state.cursor && !state.isAsking) load(state.rows, state.cursor); },
    reload: () => load([], null),
  };
}

// The samples of a Prometheus page: name, or name{label="value"}, to number.
export function readMetrics(text) {
  const samples = {};
  for (const line of text.split("\n")) {
    const cut = line.lastIndexOf(" ");
    if (cut > 0 && line[0] !== "#")
      samples[line.slice(0, cut)] = Number(line.slice(cut + 1));
  }
  return samples;
}

// Numbers, money and time as people here write them.
import { useEffect, useState } from "preact/hooks";
import { language, t } from "./words.js";

const cache = new Map();
function made(kind, options) {
  const key = `${language()} ${kind.name} ${JSON.stringify(options)}`;
  if (!cache.has(key))
    cache.set(key, new kind(language(), options));
  return cache.get(key);
}

export const number = (value) => (value == null ? "–" : made(Intl.NumberFormat, {}).format(value));
export const percent = (value) =>
  made(Intl.NumberFormat, { style: "percent", maximumFractionDigits: 1 }).format(value);
export const won = (value) => (value == null ? "–" : t("won", { amount: made(Intl.NumberFormat, {}).format(value) }));
export const bytes = (value) =>
  made(Intl.NumberFormat, value < 1e6 ? { style: "unit", unit: "kilobyte", maximumFractionDigits: 1 }
    : { style: "unit", unit: "megabyte", maximumFractionDigits: 1 }).format(value < 1e6 ? value / 1e3 : value / 1e6);

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// "5 minutes ago", "in 2 hours"
export function ago(iso) {
  if (!iso)
    return "–";
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const [unit, size] = UNITS.find(([, width]) => Math.abs(seconds) >= width) ?? ["second", 1];
  return made(Intl.RelativeTimeFormat, { numeric: "auto", style: "short" })
    .format(unit === "second" && Math.abs(seconds) < 10 ? 0 : Math.trunc(seconds / size), unit);
}
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = UNITS.find(([, width]) => seconds >= width) ?? ["second", 1];
  return made(Intl.NumberFormat, { style: "unit", unit, unitDisplay: language() === "ko" ? "long" : "short" })
    .format(Math.round(seconds / size));
}
export const moment = (iso) =>
  iso ? made(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(iso)) : "–";
export const clock = (iso) =>
  made(Intl.DateTimeFormat, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(new Date(iso));
export const day = (iso) => made(Intl.DateTimeFormat, { month: "short", day: "numeric" }).format(new Date(iso));

// "6h" → "6 hours"
export function period(text) {
  const [, count, unit] = /^(\d+)([hd])$/.exec(text) ?? [];
  return count ? t(unit === "d" ? "everyDays" : "everyHours", { count: Number(count) }) : text;
}
export const periodMs = (text) => parseInt(text, 10) * (text.endsWith("d") ? 86400e3 : 3600e3);

export function Ago({ at }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 10000);
    return () => clearInterval(timer);
  }, []);
  return at ? <time dateTime={at} title={moment(at)}>{ago(at)}</time> : "–";
}

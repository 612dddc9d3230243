// One change of an item, told as people tell it: which field, what it was, what it is.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api.js";
import { number, percent, won } from "./format.jsx";
import { to } from "./router.js";
import { has, t } from "./words.js";

const MONEY = new Set(["normalPrice", "sellingPrice", "discountPrice", "shippingFee"]);
const SHOWN_CHARS = 160; // of a value in a list; the item's page has the whole

// "options[5900100001].stock" → which option, which of its fields
function parse(field) {
  const [, option, rest] = /^options\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
  return option ? { name: rest || "option", option } : { name: field, option: null };
}

// Fields that people look for; those of options count as theirs.
export const FIELDS = ["sellingPrice", "discountPrice", "normalPrice", "stock", "status", "options", "name", "images", "descriptionHash", "shippingFee"];
export const fieldGroup = (field) => (field.startsWith("options[") ? "options" : field);

export function fieldName(field) {
  const { name, option } = parse(field);
  const text = has(`field_${name}`) ? t(`field_${name}`) : name;
  return option ? `${text} · ${t("optionNo", { no: option })}` : text;
}

function text(field, value) {
  if (value === null || value === undefined || value === "")
    return t("nothing");
  if (MONEY.has(field))
    return won(value);
  if (typeof value === "number")
    return number(value);
  if (field === "status")
    return t(`status_${value}`);
  if (Array.isArray(value))
    return t("countOf", { count: number(value.length) });
  if (typeof value === "object" && "optionNo" in value)
    return t("optionText", { name: [value.color, value.size].filter(Boolean).join(" / ") || t("noName"), stock: number(value.stock) });
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const short = (value) => (value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}…` : value);

// Up is red and down is blue, as on every price board here.
function Move({ field, from, to: now }) {
  if (!MONEY.has(field) || typeof from !== "number" || typeof now !== "number" || !from)
    return null;
  const share = (now - from) / from;
  return <span class={`move ${share > 0 ? "up" : "down"}`}>{share > 0 ? "▲" : "▼"} {percent(Math.abs(share))}</span>;
}

export function Difference({ change, isWhole }) {
  const { name } = parse(change.field);
  const cut = isWhole ? (value) => value : short;
  return (
    <span class="difference">
      <span class="field">{fieldName(change.field)}</span>
      <del dir="auto">{cut(text(name, change.from))}</del>
      <span class="arrow" aria-hidden="true">→</span>
      <ins dir="auto">{cut(text(name, change.to))}</ins>
      <Move field={name} from={change.from} to={change.to} />
    </span>
  );
}

export const TYPES = ["created", "changed", "removed", "returned"];

// "kkachi.product.changed" → "changed"
export const kindOf = (change) => change.type.slice(change.type.lastIndexOf(".") + 1);

export function Kind({ change }) {
  const kind = kindOf(change);
  return <span class={`kind ${kind}`}>{t(`type_${kind}`)}</span>;
}

// The names of items, asked once each as they come into view.
const names = new Map();

export function noteNames(changes) {
  for (const change of changes) {
    const renamed = change.changes.find((one) => one.field === "name");
    if (renamed && names.has(change.itemNo))
      names.set(change.itemNo, renamed.to);
  }
}

export function ItemName({ itemNo, known }) {
  const [name, setName] = useState(known ?? names.get(itemNo));
  useEffect(() => {
    if (known !== undefined || names.has(itemNo)) {
      setName(known ?? names.get(itemNo));
      return undefined;
    }
    let isGone = false;
    get(`/v1/products/${itemNo}`).then(({ product }) => {
      if (names.size > 5000)
        names.clear();
      names.set(itemNo, product.name);
      if (!isGone)
        setName(product.name);
    }, () => {});
    return () => { isGone = true; };
  }, [itemNo, known]);
  return <a class="item-name" href={to("items", String(itemNo))} dir="auto" title={name?.slice(0, 300)}>{name?.slice(0, 200) || itemNo}</a>;
}

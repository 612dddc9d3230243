// One item: what is known of it, how its price and stock went, and every version with what was different.
import { get, getAll, useAsked } from "./api.js";
import { Difference, Kind, kindOf } from "./change.jsx";
import { Chart } from "./chart.jsx";
import { Ago, clock, day, moment, number, won } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { useNews } from "./news.js";
import { to } from "./router.js";
import { Status } from "./seller.jsx";
import { Asked } from "./states.jsx";
import { Deliveries, useWhy, Waits } from "./why.jsx";
import { t } from "./words.js";
import { useEffect, useMemo, useState } from "preact/hooks";

const NAME_CHARS = 400;
const VERSIONS_SHOWN = 50;

// What a field was in each version, found by walking back from what it is now.
function history(field, now, versions) {
  const values = [];
  let value = now;
  for (const version of [...versions].reverse()) {
    values.unshift(value ?? null);
    const change = version.changes.find((one) => one.field === field);
    if (change)
      value = change.from;
  }
  return values;
}

function Curve({ product, versions }) {
  const at = versions.map((version) => Date.parse(version.at) / 1000);
  const last = useMemo(() => [...at, Date.now() / 1000], [versions]); // what is known now still holds now
  const line = (field, extra) => {
    const values = history(field, product[field], versions);
    return { title: t(`field_${field}`), values: [...values, values.at(-1)], ...extra };
  };
  return <Chart title={t("curve")} stepped at={last} series={[
    line("sellingPrice", { scale: "won", color: "--accent", text: won }), line("stock", { scale: "count", color: "--warn", text: number })]} />;
}

function Facts({ product, row }) {
  const facts = [
    [t("field_sellingPrice"), won(product.sellingPrice)], [t("field_discountPrice"), won(product.discountPrice)], [t("field_normalPrice"), won(product.normalPrice)],
    [t("field_stock"), number(product.stock)], [t("version"), number(row.version)], [t("lastChanged"), <Ago at={row.lastChangedAt} />],
    [t("lastChecked"), <Ago at={row.lastCheckedAt} />], [t("firstSeen"), day(row.firstSeenAt)], [t("field_originCountry"), product.originCountry || "–"],
    [t("field_itemStatus"), product.itemStatus || "–"], [t("field_salesMethod"), product.salesMethod || "–"], [t("field_images"), number(product.images?.length ?? 0)],
  ];
  return <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd dir="auto">{value}</dd></div>)}</dl>;
}

function Options({ options }) {
  return (
    <div class="table short" tabIndex={0} role="region" aria-label={t("field_options")}>
      <table>
        <thead><tr><th scope="col">{t("field_color")}</th><th scope="col">{t("field_size")}</th><th scope="col" class="number narrower">{t("field_stock")}</th><th scope="col" class="number low wider">{t("optionNumber")}</th></tr></thead>
        <tbody>{options.map((option) => <tr key={option.optionNo}><td dir="auto">{option.color || "–"}</td><td dir="auto">{option.size || "–"}</td><td class="number">{number(option.stock)}</td><td class="number low dim">{option.optionNo}</td></tr>)}</tbody>
      </table>
    </div>
  );
}

function Versions({ versions, told }) {
  const [shown, setShown] = useState(VERSIONS_SHOWN);
  const newest = [...versions].reverse();
  return (
    <ul class="feed">
      {newest.slice(0, shown).map((version) => (
        <li key={version.version}>
          <Kind change={version} />
          <div><span class="version-no">{t("versionNo", { no: number(version.version) })}</span>
            {version.changes.map((one) => <Difference key={one.field} change={one} isWhole />)}
            {!version.changes.length && <span class="dim">{t(`told_${kindOf(version)}`)}</span>}
            <Deliveries list={told?.find((one) => one.version === version.version)?.deliveries} />
            <details><summary>{t("keys")}</summary><dl class="keys">
              <dt>{t("snapshotHash")}</dt><dd><code>{version.hash}</code></dd>
              <dt>{t("detailKey")}</dt><dd><code>{version.detailKey}</code></dd>
              <dt>{t("optionsKey")}</dt><dd><code>{version.optionsKey}</code></dd></dl></details></div>
          <time dateTime={version.at} title={moment(version.at)}>{day(version.at)} {clock(version.at)}</time>
        </li>
      ))}
      {newest.length > shown && <li><button type="button" onClick={() => setShown(shown + VERSIONS_SHOWN)}>{t("showMore")}</button></li>}
    </ul>
  );
}

export function Item({ id }) {
  const item = useAsked(() => get(`/v1/products/${encodeURIComponent(id)}`), [id]);
  const versions = useAsked(() => getAll(`/v1/products/${encodeURIComponent(id)}/versions`), [id]);
  const newest = (useNews() ?? []).find((change) => String(change.itemNo) === id)?.id;

  const why = useWhy(`/v1/why/${encodeURIComponent(id)}`, [id, newest]);
  useEffect(() => { if (item.data) { item.reload(); versions.reload(); } }, [newest]);
  return (
    <>
      <a class="back" href={to("changes")}><Icon name="back" />{t("changes")}</a>
      <Asked asked={item} what={t("item")}>
        {({ product, ...row }) => (
          <>
            <div><h1 class="long" dir="auto">{product.name.slice(0, NAME_CHARS) || id}</h1>
              <p class="under"><Status status={product.status} /><span dir="auto">{product.brandNameKr || product.brandName}</span>
                <span class="dim">{id}</span><a href={to("sellers", row.sellerId)}>{row.sellerId}</a></p></div>
            <Waits waits={why.data?.waits} />
            <section class="panel"><h2>{t("nowKnown")}</h2><Facts product={product} row={row} /></section>
            <Asked asked={versions} what={t("versions")}>
              {(list) => (
                <>
                  <section class="panel"><h2>{t("curve")}</h2><Curve product={product} versions={list} /></section>
                  <div class="panels">
                    <section class="panel"><h2>{t("versions")} <span class="dim">{number(list.length)}</span></h2><Versions versions={list} told={why.data?.versions} /></section>
                    <section class="panel"><h2>{t("field_options")} <span class="dim">{number(product.options?.length ?? 0)}</span></h2>
                      {product.options?.length ? <Options options={product.options} /> : <p class="pad dim">{t("noOptions")}</p>}</section>
                  </div>
                </>
              )}
            </Asked>
          </>
        )}
      </Asked>
    </>
  );
}

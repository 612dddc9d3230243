// One seller: how its last crawl went, and what it sells.
import { useState } from "preact/hooks";
import { get, may, query, useAsked, usePages } from "./api.js";
import { ItemName } from "./change.jsx";
import { Ago, number, period, span, won } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { setParams, to } from "./router.js";
import { isOpen, Outcome, Progress, RunFacts, RunState } from "./run.jsx";
import { SellerForm, startCrawl, switchSeller } from "./seller_form.jsx";
import { useWhy, Waits } from "./why.jsx";
import { SellerState } from "./sellers.jsx";
import { Asked, Empty, Failure, Loading } from "./states.jsx";
import { Table } from "./table.jsx";
import { t } from "./words.js";

const STATUSES = ["ON_SALE", "SOLD_OUT", "REMOVED"];

export function Status({ status }) {
  return <span class={`pill ${{ ON_SALE: "good", SOLD_OUT: "warn" }[status] ?? "off"}`}>{t(`status_${status}`)}</span>;
}

function LastRun({ run }) {
  return (
    <>
      <div class="run-head"><RunState run={run} /><Progress run={run} label={t("lastRun")} /></div>
      <RunFacts run={run} />
      {!isOpen(run) && <p class="pad"><Outcome run={run} /></p>}
    </>
  );
}

function Runs({ runs }) {
  return (
    <div class="table short" tabIndex={0} role="region" aria-label={t("runs")}>
      <table>
        <thead><tr><th scope="col">{t("started")}</th><th scope="col" class="low">{t("took")}</th><th scope="col">{t("state")}</th><th scope="col" class="number">{t("requests")}</th>
          <th scope="col" class="number low">{t("completeness")}</th><th scope="col">{t("changes")}</th></tr></thead>
        <tbody>{runs.map((run) => (
          <tr key={run.id}><td><Ago at={run.startedAt} /></td><td class="low">{run.endedAt ? span(Date.parse(run.endedAt) - Date.parse(run.startedAt)) : "–"}</td><td><RunState run={run} /></td>
            <td class="number">{number(run.requests)}</td><td class="number low">{number(run.success)} / {number(run.tasks)}</td><td><Outcome run={run} /></td></tr>))}</tbody>
      </table>
    </div>
  );
}

const itemColumns = () => [
  { name: "item", title: t("item"), cell: ({ itemNo, product }) => (
    <span class="two"><ItemName itemNo={itemNo} known={product.name} /><span class="dim" dir="auto">{product.brandName} · {itemNo}</span></span>) },
  { name: "status", title: t("state"), width: "6.5rem", low: true, cell: ({ product }) => <Status status={product.status} /> },
  { name: "price", title: t("field_sellingPrice"), kind: "number", width: "8rem", cell: ({ product }) => won(product.sellingPrice) },
  { name: "stock", title: t("field_stock"), kind: "number", width: "5rem", low: true, cell: ({ product }) => number(product.stock) },
  { name: "version", title: t("version"), kind: "number", width: "5rem", low: true, cell: ({ version }) => number(version) },
  { name: "changed", title: t("lastChanged"), width: "8rem", cell: ({ lastChangedAt }) => <Ago at={lastChangedAt} /> },
];

function Items({ id, status }) {
  const pages = usePages(query("/v1/products", { sellerId: id, status }));
  if (pages.error && !pages.rows.length)
    return <Failure error={pages.error} retry={pages.reload} />;
  if (!pages.rows.length)
    return pages.isAsking ? <Loading what={t("items")} /> : <Empty title={t("noItems")} hint={status ? t("noneFitsHint") : t("noItemsHint")} />;
  return (
    <>
      <Table label={t("items")} rows={pages.rows} columns={itemColumns()} rowKey={({ itemNo }) => itemNo} more={pages.more} isAsking={pages.isAsking} />
      <p class="count">{t("countOf", { count: `${number(pages.rows.length)}${pages.cursor ? "+" : ""}` })}</p>
    </>
  );
}

function Actions({ session, seller, edit, reload }) {
  const toggle = (state) => () => switchSeller(seller, state).then(reload);
  return (
    <div class="actions">
      {may(session, "trigger") &&
        <button type="button" class="primary" disabled={seller.state !== "ACTIVE"} onClick={() => startCrawl(seller).then(reload)} data-test="crawl"><Icon name="retry" />{t("crawlNow")}</button>}
      {may(session, "operator") && <>
        <button type="button" onClick={edit}><Icon name="edit" />{t("edit")}</button>
        {seller.state === "ACTIVE" ? <button type="button" onClick={toggle("PAUSED")}><Icon name="pause" />{t("pause")}</button>
          : <button type="button" onClick={toggle("ACTIVE")}><Icon name="play" />{t("activate")}</button>}
        {seller.state !== "DISABLED" && <button type="button" onClick={toggle("DISABLED")}>{t("disable")}</button>}
      </>}
    </div>
  );
}

function Body({ session, seller, params, reload }) {
  const [isEditing, setEditing] = useState(false);
  const run = useAsked(() => (seller.lastRunId ? get(`/v1/runs/${seller.lastRunId}`) : null), [seller.lastRunId], 1000);
  const why = useWhy(`/v1/sellers/${encodeURIComponent(seller.sellerId)}/why`, [seller.sellerId, run.data?.state]);
  const status = params.get("status") ?? "";
  return (
    <>
      <div class="head">
        <div><h1>{seller.sellerId}</h1>
          <p class="under"><SellerState state={seller.state} /> <span dir="auto">{seller.name}</span> <span class="dim">{period(seller.period)} · {t(`mode_${seller.mode}`)} · {t("nextCrawl")} <Ago at={seller.state === "ACTIVE" ? seller.nextRunAt : null} /></span></p></div>
        <Actions session={session} seller={seller} edit={() => setEditing(true)} reload={() => { reload(); run.reload(); }} />
      </div>
      <Waits waits={why.data?.waits} />
      <section class="panel"><h2>{t("lastRun")}</h2>
        <Asked asked={run} what={t("lastRun")}>{(value) => (value ? <LastRun run={value} /> : <Empty title={t("neverCrawled")} hint={t("neverCrawledHint")} />)}</Asked>
      </section>
      {why.data?.runs.length > 1 && <section class="panel"><h2>{t("runs")}</h2><Runs runs={why.data.runs} /></section>}
      <div class="head"><h2>{t("items")}</h2>
        <label><span class="hidden">{t("state")}</span>
          <select value={status} onChange={(event) => setParams({ status: event.currentTarget.value })}>
            <option value="">{t("everyState")}</option>{STATUSES.map((name) => <option key={name} value={name}>{t(`status_${name}`)}</option>)}
          </select></label></div>
      <Items key={`${status} ${run.data?.endedAt}`} id={seller.sellerId} status={status} />
      <SellerForm key={seller.revision} seller={seller} isOpen={isEditing} onClose={() => setEditing(false)} onDone={() => { setEditing(false); reload(); }} />
    </>
  );
}

export function Seller({ session, id, params }) {
  const seller = useAsked(() => get(`/v1/sellers/${encodeURIComponent(id)}`), [id], 3000);
  return (
    <>
      <a class="back" href={to("sellers")}><Icon name="back" />{t("sellers")}</a>
      <Asked asked={seller} what={id}>{(value) => <Body session={session} seller={value} params={params} reload={seller.reload} />}</Asked>
    </>
  );
}

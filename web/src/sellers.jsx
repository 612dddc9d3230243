import { useState } from "preact/hooks";
import { getAll, may, useAsked } from "./api.js";
import { Ago, number, period } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { setParams, to } from "./router.js";
import { SellerForm, startCrawl, switchSeller } from "./seller_form.jsx";
import { Asked, Empty } from "./states.jsx";
import { Table } from "./table.jsx";
import { t } from "./words.js";

export const STATES = ["ACTIVE", "PAUSED", "DISABLED"];

export function SellerState({ state }) {
  return <span class={`pill ${{ ACTIVE: "good", PAUSED: "warn" }[state] ?? "off"}`}>{t(`seller_${state}`)}</span>;
}

function NextRun({ seller }) {
  if (seller.state !== "ACTIVE")
    return <span class="dim">–</span>;
  return Date.parse(seller.nextRunAt) <= Date.now() ? t("dueNow") : <Ago at={seller.nextRunAt} />;
}

function columnsFor(session, edit, reload) {
  const isOperator = may(session, "operator");
  return [
    { name: "seller", title: t("seller"), cell: (seller) => (
      <span class="two"><a href={to("sellers", seller.sellerId)}>{seller.sellerId}</a><span class="dim" dir="auto">{seller.name}</span></span>) },
    { name: "state", title: t("state"), width: "6.5rem", cell: (seller) => <SellerState state={seller.state} /> },
    { name: "period", title: t("period"), width: "8rem", low: true, cell: (seller) => period(seller.period) },
    { name: "mode", title: t("mode"), width: "7rem", low: true, cell: (seller) => t(`mode_${seller.mode}`) },
    { name: "last", title: t("lastCrawl"), width: "8rem", cell: (seller) => <Ago at={seller.lastEndedAt} /> },
    { name: "next", title: t("nextCrawl"), width: "8rem", low: true, cell: (seller) => <NextRun seller={seller} /> },
    ...(isOperator ? [{ name: "do", title: <span class="hidden">{t("actions")}</span>, width: "8.5rem", kind: "doing", low: true, cell: (seller) => (
      <>
        <button type="button" class="icon-only" title={t("crawlNow")} aria-label={`${t("crawlNow")}: ${seller.sellerId}`}
          disabled={seller.state !== "ACTIVE"} onClick={() => startCrawl(seller).then(reload)}><Icon name="retry" /></button>
        <button type="button" class="icon-only" title={t("edit")} aria-label={`${t("edit")}: ${seller.sellerId}`} onClick={() => edit(seller)}><Icon name="edit" /></button>
        {seller.state === "ACTIVE"
          ? <button type="button" class="icon-only" title={t("pause")} aria-label={`${t("pause")}: ${seller.sellerId}`} onClick={() => switchSeller(seller, "PAUSED").then(reload)}><Icon name="pause" /></button>
          : <button type="button" class="icon-only" title={t("activate")} aria-label={`${t("activate")}: ${seller.sellerId}`} onClick={() => switchSeller(seller, "ACTIVE").then(reload)}><Icon name="play" /></button>}
      </>) }] : []),
  ];
}

const fits = (seller, words, state) => (!state || seller.state === state) &&
  (!words || `${seller.sellerId} ${seller.name}`.toLowerCase().includes(words.toLowerCase()));

export function Sellers({ session, params }) {
  const sellers = useAsked(() => getAll("/v1/sellers"), [], 5000);
  const [form, setForm] = useState(null); // { seller } while it is open
  const words = params.get("q") ?? "", state = params.get("state") ?? "";
  const addButton = may(session, "operator") &&
    <button type="button" class="primary" onClick={() => setForm({})} data-test="add-seller"><Icon name="plus" />{t("addSeller")}</button>;

  return (
    <>
      <div class="head"><h1>{t("sellers")}</h1>{addButton}</div>
      <div class="filters">
        <label class="search"><Icon name="search" /><span class="hidden">{t("findSeller")}</span>
          <input type="search" placeholder={t("findSeller")} defaultValue={words} onInput={(event) => setParams({ q: event.currentTarget.value })} /></label>
        <label><span class="hidden">{t("state")}</span>
          <select value={state} onChange={(event) => setParams({ state: event.currentTarget.value })}>
            <option value="">{t("everyState")}</option>{STATES.map((name) => <option key={name} value={name}>{t(`seller_${name}`)}</option>)}
          </select></label>
      </div>
      <Asked asked={sellers} what={t("sellers")}>
        {(list) => {
          const rows = list.filter((seller) => fits(seller, words, state));
          if (!list.length)
            return <Empty title={t("noSellers")} hint={t("noSellersHint")}>{addButton}</Empty>;
          if (!rows.length)
            return <Empty title={t("noneFits")} hint={t("noneFitsHint")} />;
          return (
            <>
              <Table label={t("sellers")} rows={rows} rowKey={(seller) => seller.sellerId} columns={columnsFor(session, (seller) => setForm({ seller }), sellers.reload)} />
              <p class="count">{t("countOf", { count: number(rows.length) })}</p>
            </>);
        }}
      </Asked>
      <SellerForm key={form?.seller?.sellerId ?? "new"} isOpen={form !== null} seller={form?.seller} onClose={() => setForm(null)}
        onDone={() => { setForm(null); sellers.reload(); }} />
    </>
  );
}

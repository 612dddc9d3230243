// Everything that changed, newest first; what comes while one looks is put on top.
import { useMemo } from "preact/hooks";
import { getAll, query, useAsked, usePages } from "./api.js";
import { Difference, fieldGroup, FIELDS, ItemName, Kind, kindOf, TYPES } from "./change.jsx";
import { Ago, number } from "./format.jsx";
import { useNews } from "./news.js";
import { setParams, to } from "./router.js";
import { Empty, Failure, Loading, Stale } from "./states.jsx";
import { Table } from "./table.jsx";
import { t } from "./words.js";

const SHOWN = 3; // differences on a line; the item's page has them all

const columns = () => [
  { name: "kind", title: t("kind"), width: "5.5rem", cell: (change) => <Kind change={change} /> },
  { name: "what", title: t("item"), cell: (change) => (
    <span class="change-cell" data-item={change.itemNo} data-id={change.id} data-at={change.at}>
      <ItemName itemNo={change.itemNo} />
      <span class="differences">
        {change.changes.slice(0, SHOWN).map((one) => <Difference key={one.field} change={one} />)}
        {change.changes.length > SHOWN && <span class="dim">{t("andMore", { count: number(change.changes.length - SHOWN) })}</span>}
      </span>
    </span>) },
  { name: "seller", title: t("seller"), width: "9rem", low: true, cell: (change) => <a href={to("sellers", change.sellerId)}>{change.sellerId}</a> },
  { name: "version", title: t("version"), width: "5rem", kind: "number", low: true, cell: (change) => number(change.version) },
  { name: "at", title: t("when"), width: "7rem", cell: (change) => <Ago at={change.at} /> },
];

const fits = (change, seller, kind, field) => (!seller || change.sellerId === seller) && (!kind || kindOf(change) === kind) &&
  (!field || change.changes.some((one) => fieldGroup(one.field) === field));

function Choice({ name, value, all, options }) {
  return (
    <label><span class="hidden">{all}</span>
      <select value={value} onChange={(event) => setParams({ [name]: event.currentTarget.value })} data-test={`by-${name}`}>
        <option value="">{all}</option>{options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select></label>
  );
}

function List({ seller, kind, field }) {
  const pages = usePages(query("/v1/changes", { order: "newest", sellerId: seller }));
  const news = useNews() ?? [];
  const rows = useMemo(() => {
    const newest = pages.rows[0]?.id ?? 0;
    return [...news.filter((change) => change.id > newest), ...pages.rows].filter((change) => fits(change, seller, kind, field));
  }, [pages.rows, news, seller, kind, field]);

  if (pages.error && !pages.rows.length)
    return <Failure error={pages.error} retry={pages.reload} />;
  if (!rows.length && (pages.isAsking || pages.cursor)) {
    pages.more();
    return <Loading what={t("changes")} />;
  }
  if (!rows.length)
    return seller || kind || field ? <Empty title={t("noneFits")} hint={t("noneFitsHint")} /> : <Empty title={t("noChangesYet")} hint={t("noChangesHint")} />;
  return (
    <>
      <Stale error={pages.error} retry={pages.more} />
      <Table label={t("changes")} rows={rows} columns={columns()} rowKey={(change) => change.id} more={pages.more} isAsking={pages.isAsking} />
      <p class="count">{t("countOf", { count: `${number(rows.length)}${pages.cursor ? "+" : ""}` })}</p>
    </>
  );
}

export function Changes({ params }) {
  const sellers = useAsked(() => getAll("/v1/sellers"), []);
  const [seller, kind, field] = ["seller", "kind", "field"].map((name) => params.get(name) ?? "");
  return (
    <>
      <h1>{t("changes")}</h1>
      <div class="filters">
        <Choice name="seller" value={seller} all={t("everySeller")} options={(sellers.data ?? []).map(({ sellerId }) => [sellerId, sellerId])} />
        <Choice name="kind" value={kind} all={t("everyKind")} options={TYPES.map((type) => [type, t(`type_${type}`)])} />
        <Choice name="field" value={field} all={t("everyField")} options={FIELDS.map((name) => [name, t(`field_${name}`)])} />
      </div>
      <List key={seller} seller={seller} kind={kind} field={field} />
    </>
  );
}

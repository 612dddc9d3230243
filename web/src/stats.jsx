// What was asked of the site and what came of it: by day, seller, endpoint or agent; as a chart, a table, a file.
import { useState } from "preact/hooks";
import { get, query, useAsked } from "./api.js";
import { Chart } from "./chart.jsx";
import { bytes, number, percent } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { setParams } from "./router.js";
import { Asked, Empty } from "./states.jsx";
import { Table } from "./table.jsx";
import { t } from "./words.js";

const DAYS_MAX = 3660;
const dayText = (date) => date.toISOString().slice(0, 10);
const BY = ["day", "seller", "endpoint", "agent"];
const nameOf = (row) => row.day ?? row.sellerId ?? row.endpoint ?? row.agent;
const rate = (value) => (value == null ? "–" : percent(value));
const ms = (value) => (value == null ? "–" : t("ms", { count: number(Math.round(value)) }));

const FIGURES = [
  ["attempts", number], ["success", number], ["failure", number], ["retries", number], ["limited", number], ["serverErrors", number],
  ["successRate", rate], ["limitedRate", rate], ["bytes", bytes], ["latencyP50Ms", ms], ["latencyP99Ms", ms],
];
const LOW = new Set(["success", "retries", "serverErrors", "limited", "limitedRate", "bytes", "latencyP50Ms", "latencyP99Ms"]);

const columnsFor = (by, rows) => [
  { name: "name", title: t(`by_${by}`), cell: (row) => <span dir="auto">{by === "endpoint" ? t(`kind_${nameOf(row)}`) : nameOf(row)}</span> },
  ...FIGURES.filter(([name]) => rows.some((row) => name in row))
    .map(([name, text]) => ({ name, title: t(`stat_${name}`), kind: "number", width: "6.3rem", low: LOW.has(name), cell: (row) => text(row[name]) })),
];

// A spreadsheet takes a cell that begins with one of these for a formula.
const cell = (value) => {
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? "");
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

function csv(rows) {
  const names = Object.keys(rows[0]).filter((name) => !Array.isArray(rows[0][name]));
  return `\ufeff${[names, ...rows.map((row) => names.map((name) => row[name]))].map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
}

function download(rows, name) {
  const url = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv;charset=utf-8" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A day without a row is one on which nothing was asked.
function Curve({ rows, from, until }) {
  const known = new Map(rows.map((row) => [row.day, row]));
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(until) && days.length < DAYS_MAX; at += 86400e3)
    days.push({ day: dayText(new Date(at)), attempts: 0, success: 0, failure: 0, ...known.get(dayText(new Date(at))) });
  const line = (name, color) => ({ title: t(`stat_${name}`), values: days.map((row) => row[name]), scale: "count", color, text: number });
  return <Chart title={t("requestsByDay")} at={days.map((row) => Date.parse(row.day) / 1000)}
    series={[line("attempts", "--accent"), line("success", "--good"), line("failure", "--bad")]} />;
}

// The longest bar is the whole width.
function Bars({ rows, by }) {
  const top = [...rows].sort((a, b) => b.attempts - a.attempts).slice(0, 12);
  return (
    <ul class="lines">
      {top.map((row) => (
        <li key={nameOf(row)}>
          <span class="one-line" dir="auto">{by === "endpoint" ? t(`kind_${nameOf(row)}`) : nameOf(row)}</span>
          <div class="progress"><div class="track"><div class="fill over" style={{ width: `${(100 * row.success) / (top[0].attempts || 1)}%` }} />
            <div class="fill dead" style={{ width: `${(100 * row.failure) / (top[0].attempts || 1)}%` }} /></div><span class="figures">{number(row.attempts)}</span></div>
          <span class="dim">{rate(row.successRate)}</span>
        </li>
      ))}
    </ul>
  );
}

export function Stats({ params }) {
  const [today] = useState(() => new Date());
  const by = BY.includes(params.get("by")) ? params.get("by") : "day";
  const from = params.get("from") ?? dayText(new Date(today.getTime() - 29 * 86400e3)), until = params.get("to") ?? dayText(today);
  const stats = useAsked(() => get(query("/v1/stats", { by, from, to: until })), [by, from, until], 10000);
  return (
    <>
      <div class="head"><h1>{t("stats")}</h1>
        <button type="button" disabled={!stats.data?.items.length} onClick={() => download(stats.data.items, `kkachi-${by}-${from}-${until}.csv`)} data-test="csv"><Icon name="down" />{t("downloadCsv")}</button></div>
      <div class="filters">
        <label><span class="hidden">{t("by")}</span><select value={by} onChange={(event) => setParams({ by: event.currentTarget.value })} data-test="by">
          {BY.map((name) => <option key={name} value={name}>{t(`by_${name}`)}</option>)}</select></label>
        <label><span class="hidden">{t("fromDay")}</span><input type="date" value={from} max={until} onChange={(event) => setParams({ from: event.currentTarget.value })} /></label>
        <span aria-hidden="true">–</span>
        <label><span class="hidden">{t("toDay")}</span><input type="date" value={until} min={from} onChange={(event) => setParams({ to: event.currentTarget.value })} /></label>
        <span class="dim">{t("daysOfUtc")}</span>
      </div>
      <Asked asked={stats} what={t("stats")}>
        {({ items }) => (items.length ? (
          <>
            <section class="panel"><h2>{t(by === "day" ? "requestsByDay" : "requestsMost")}</h2>{by === "day" ? <Curve rows={items} from={from} until={until} /> : <Bars rows={items} by={by} />}</section>
            <Table label={t("stats")} rows={items} columns={columnsFor(by, items)} rowKey={(row) => row.agentId ?? nameOf(row)} />
          </>) : <Empty title={t("noStats")} hint={t("noStatsHint")} />)}
      </Asked>
    </>
  );
}

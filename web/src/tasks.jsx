// Requests to be made, by state; and those that failed for good, with the reason, to be sent back to work.
import { useState } from "preact/hooks";
import { ask, get, getAll, may, query, useAsked, usePages } from "./api.js";
import { Dialog } from "./dialog.jsx";
import { Ago, moment, number } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { setParams, to } from "./router.js";
import { Asked, Empty, Failure, Loading, sentence, Stale } from "./states.jsx";
import { Table } from "./table.jsx";
import { toast } from "./toast.jsx";
import { t } from "./words.js";

const STATES = ["WAITING", "PUBLISHED", "RUNNING", "SUCCESS", "FAILED", "RETRY", "TIMEOUT"];
const KINDS = ["list", "detail", "options"];
const TONES = { SUCCESS: "good", FAILED: "bad", RETRY: "warn", TIMEOUT: "warn", RUNNING: "busy" };

function TaskState({ task }) {
  return <span class={`pill ${task.isDead ? "bad" : TONES[task.state] ?? ""}`}>{t(task.isDead ? "dead" : `task_${task.state}`)}</span>;
}

const what = (task) => `${t(`kind_${task.kind}`)}${task.itemNo ? ` ${task.itemNo}` : ""}${task.page ? ` · ${t("pageNo", { no: task.page + 1 })}` : ""}`;

async function retry(task, reload) {
  try {
    await ask("POST", `/v1/tasks/${task.id}/retry`);
    toast(t("retried", { count: number(1) }));
    reload();
  } catch (error) {
    toast(sentence(error), "bad");
  }
}

function columnsFor(session, reload) {
  return [
    { name: "task", title: t("task"), cell: (task) => <span class="two"><a href={to("tasks", String(task.id))}>{what(task)}</a><span class="dim" title={task.error}>{task.error}</span></span> },
    { name: "seller", title: t("seller"), width: "9rem", low: true, cell: (task) => <a href={to("sellers", task.sellerId)}>{task.sellerId}</a> },
    { name: "state", title: t("state"), width: "6.5rem", cell: (task) => <TaskState task={task} /> },
    { name: "http", title: "HTTP", width: "4.5rem", kind: "number", low: true, cell: (task) => task.httpStatus || "–" },
    { name: "attempt", title: t("attempt"), width: "5rem", kind: "number", low: true, cell: (task) => number(task.attempt) },
    { name: "at", title: t("ended"), width: "8rem", low: true, cell: (task) => <Ago at={task.endedAt ?? task.startedAt ?? task.createdAt} /> },
    ...(may(session, "operator") ? [{ name: "do", title: <span class="hidden">{t("actions")}</span>, width: "8.8rem", kind: "doing", cell: (task) => task.isDead && (
      <button type="button" class="small" onClick={() => retry(task, reload)} aria-label={`${t("retry")}: ${what(task)}`}><Icon name="retry" />{t("retry")}</button>) }] : []),
  ];
}

function RetryAll({ seller, reload }) {
  const [isOpen, setOpen] = useState(false);
  async function send() {
    try {
      const { retried } = await ask("POST", "/v1/dead/retry", seller ? { sellerId: seller } : {});
      toast(t("retried", { count: number(retried) }));
      setOpen(false);
      reload();
    } catch (error) {
      toast(sentence(error), "bad");
    }
  }
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)} data-test="retry-all"><Icon name="retry" />{t("retryAll")}</button>
      <Dialog title={t("retryAllAsk")} isOpen={isOpen} onClose={() => setOpen(false)} onSubmit={send} action={t("retryAll")}>
        <p>{seller ? t("retryAllOf", { seller }) : t("retryAllMeans")}</p></Dialog>
    </>
  );
}

function List({ session, state, seller, kind }) {
  const pages = usePages(state === "dead" ? query("/v1/dead", { sellerId: seller }) : query("/v1/tasks", { status: state === "all" ? "" : state, sellerId: seller, endpoint: kind }));
  const rows = state === "dead" && kind ? pages.rows.filter((task) => task.kind === kind) : pages.rows;
  if (pages.error && !pages.rows.length)
    return <Failure error={pages.error} retry={pages.reload} />;
  if (!rows.length)
    return pages.isAsking ? <Loading what={t("tasks")} />
      : state === "dead" && !seller && !kind ? <Empty title={t("noDeadLetters")} hint={t("noDeadLettersHint")} /> : <Empty title={t("noneFits")} hint={t("noneFitsHint")} />;
  return (
    <>
      <Stale error={pages.error} retry={pages.reload} />
      {state === "dead" && may(session, "operator") && <div class="actions"><RetryAll seller={seller} reload={pages.reload} /></div>}
      <Table label={t("tasks")} rows={rows} columns={columnsFor(session, pages.reload)} rowKey={(task) => task.id} more={pages.more} isAsking={pages.isAsking} />
      <p class="count">{t("countOf", { count: `${number(rows.length)}${pages.cursor ? "+" : ""}` })}</p>
    </>
  );
}

function Choice({ label, name, value, children }) {
  return <label><span class="hidden">{label}</span><select value={value} onChange={(event) => setParams({ [name]: event.currentTarget.value })} data-test={`by-${name}`}>{children}</select></label>;
}

export function Tasks({ session, params }) {
  const sellers = useAsked(() => getAll("/v1/sellers"), []);
  const state = params.get("state") || "dead", seller = params.get("seller") ?? "", kind = params.get("kind") ?? "";
  return (
    <>
      <h1>{t("tasks")}</h1>
      <div class="filters">
        <Choice label={t("state")} name="state" value={state}>
          <option value="dead">{t("deadLetters")}</option><option value="all">{t("everyState")}</option>{STATES.map((name) => <option key={name} value={name}>{t(`task_${name}`)}</option>)}
        </Choice>
        <Choice label={t("seller")} name="seller" value={seller}>
          <option value="">{t("everySeller")}</option>{(sellers.data ?? []).map(({ sellerId }) => <option key={sellerId} value={sellerId}>{sellerId}</option>)}
        </Choice>
        <Choice label={t("task")} name="kind" value={kind}>
          <option value="">{t("everyKind")}</option>{KINDS.map((name) => <option key={name} value={name}>{t(`kind_${name}`)}</option>)}
        </Choice>
      </div>
      <List key={`${state} ${seller} ${kind}`} session={session} state={state} seller={seller} kind={kind} />
    </>
  );
}

function Attempts({ attempts }) {
  if (!attempts.length)
    return <p class="pad dim">{t("noFailures")}</p>;
  return (
    <ul class="feed">
      {attempts.map((attempt) => (
        <li key={`${attempt.runId} ${attempt.attempt} ${attempt.at}`}>
          <span class="kind removed">{attempt.httpStatus || "–"}</span>
          <div><b dir="auto">{attempt.cause}</b><span dir="auto">{attempt.error}</span>
            <span class="dim">{t("attemptOf", { no: attempt.attempt, run: attempt.runId, agent: attempt.agentId })}</span>
            {attempt.archiveKey && <code>{attempt.archiveKey}</code>}</div>
          <time dateTime={attempt.at}>{moment(attempt.at)}</time>
        </li>
      ))}
    </ul>
  );
}

export function Task({ session, id }) {
  const task = useAsked(() => get(`/v1/tasks/${encodeURIComponent(id)}`), [id], 3000);
  return (
    <>
      <a class="back" href={to("tasks")}><Icon name="back" />{t("tasks")}</a>
      <Asked asked={task} what={t("task")}>
        {(value) => (
          <>
            <div class="head"><div><h1>{what(value)}</h1><p class="under"><TaskState task={value} /><a href={to("sellers", value.sellerId)}>{value.sellerId}</a>
              {value.itemNo && <a href={to("items", String(value.itemNo))}>{value.itemNo}</a>}</p></div>
              {value.isDead && may(session, "operator") && <button type="button" class="primary" onClick={() => retry(value, task.reload)} data-test="retry"><Icon name="retry" />{t("retry")}</button>}</div>
            <section class="panel"><h2>{t("request")}</h2>
              <p class="pad top"><code class="long">GET {value.endpoint}{value.kind === "list" ? `  pageNo=${value.page}` : ""}</code></p>
              <dl class="facts">
                {[["created", value.createdAt], ["published", value.publishedAt], ["started", value.startedAt], ["ended", value.endedAt], ["nextAttempt", value.nextAttemptAt]]
                  .map(([name, at]) => <div key={name}><dt>{t(name)}</dt><dd><Ago at={at} /></dd></div>)}
                <div><dt>HTTP</dt><dd>{value.httpStatus || "–"}</dd></div>
                <div><dt>{t("attempt")}</dt><dd>{number(value.attempt)}</dd></div>
              </dl>
              {value.error && <p class="pad wrong" dir="auto">{value.error}</p>}
            </section>
            <section class="panel"><h2>{t("failures")}</h2><Attempts attempts={value.attempts} /></section>
          </>
        )}
      </Asked>
    </>
  );
}

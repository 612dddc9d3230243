// What is going on, at a glance: what runs, what changed, how fresh our knowledge is, what the agents may still ask.
import { useEffect } from "preact/hooks";
import { Alerts } from "./alerts.jsx";
import { get, getAll, useAsked } from "./api.js";
import { Difference, ItemName, Kind } from "./change.jsx";
import { Ago, number, period, periodMs, span } from "./format.jsx";
import { useNews } from "./news.js";
import { to } from "./router.js";
import { Progress } from "./run.jsx";
import { Asked, Empty, Loading } from "./states.jsx";
import { t } from "./words.js";

const RUNNING_SHOWN = 8;
const STALE_PERIODS = 2; // as the API's own measure has it

const isRunning = (seller) => seller.lastStartedAt && (!seller.lastEndedAt || seller.lastEndedAt < seller.lastStartedAt);

function Fact({ title, value, note, href, tone }) {
  const body = <><span class="fact-title">{title}</span><b class={tone}>{value}</b><span class="fact-note">{note}</span></>;
  return href ? <a class="fact" href={href}>{body}</a> : <div class="fact">{body}</div>;
}

function sinceMidnight(changes) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  return changes.filter((change) => Date.parse(change.at) >= midnight.getTime());
}

function Facts({ metrics, sellers }) {
  const changes = useNews();
  const today = changes && sinceMidnight(changes);
  const isAll = today && (today.length < changes.length || changes.length < 200);
  const active = sellers?.filter((seller) => seller.state === "ACTIVE");
  const stale = metrics?.kkachi_sellers_stale ?? 0;
  const dead = metrics && ["list", "detail", "options"]
    .reduce((sum, kind) => sum + (metrics[`kkachi_tasks{state="dead",endpoint="${kind}"}`] ?? 0), 0);
  return (
    <div class="row-of-facts">
      <Fact title={t("runningNow")} value={number(metrics?.kkachi_runs_open)} note={t("tasksWaiting", { count: number(metrics?.kkachi_tasks_waiting) })} />
      <Fact title={t("changesToday")} value={today ? `${number(today.length)}${isAll ? "" : "+"}` : "–"}
        href={to("changes")} note={changes?.[0] ? <>{t("newest")} <Ago at={changes[0].at} /></> : t("noneYet")} />
      <Fact title={t("fresh")} value={active ? `${number(active.length - stale)} / ${number(active.length)}` : "–"}
        tone={stale ? "bad" : undefined} note={t("freshMeans")} href={to("sellers")} />
      <Fact title={t("mayAskNow")} value={number(metrics?.kkachi_limiter_tokens_left)}
        tone={metrics && !metrics.kkachi_limiter_up ? "bad" : undefined}
        note={metrics && !metrics.kkachi_limiter_up ? t("limiterAway") : t("requestsOfAgents")} />
      <Fact title={t("deadLetters")} value={number(dead)} tone={dead ? "bad" : undefined} note={dead ? t("deadMeans") : t("noDead")} href={to("tasks")} />
    </div>
  );
}

function Running({ sellers }) {
  const running = sellers.filter(isRunning);
  const ids = running.slice(0, RUNNING_SHOWN).map((seller) => seller.sellerId);
  const runs = useAsked(() => Promise.all(ids.map((id) => get(`/v1/sellers/${encodeURIComponent(id)}/progress`))), [ids.join(" ")], 1000);

  if (running.length === 0)
    return <Empty title={t("nothingRuns")} hint={sellers.length ? t("nothingRunsHint") : t("noSellersHint")}>
      {sellers.length === 0 && <a class="button primary" href={to("sellers")}>{t("addSeller")}</a>}</Empty>;
  return (
    <Asked asked={runs} what={t("runningNow")}>
      {(list) => (
        <ul class="lines">
          {list.map((run) => (
            <li key={run.id}>
              <a href={to("sellers", run.sellerId)}>{run.sellerId}</a>
              <Progress run={run} label={run.sellerId} />
              <span class="dim">{t("requestsMade", { count: number(run.requests) })} · <Ago at={run.startedAt} /></span>
            </li>
          ))}
          {running.length > ids.length && <li class="dim">{t("andMore", { count: number(running.length - ids.length) })}</li>}
        </ul>
      )}
    </Asked>
  );
}

// Each active seller's age against its period: full at once, red past the second.
function Freshness({ sellers }) {
  const rows = sellers.filter((seller) => seller.state === "ACTIVE")
    .map((seller) => {
      const age = Date.now() - Date.parse(seller.lastEndedAt ?? seller.createdAt);
      return { seller, age, share: age / periodMs(seller.period) };
    })
    .sort((a, b) => b.share - a.share).slice(0, RUNNING_SHOWN);

  if (!rows.length)
    return <p class="dim pad">{t("noActiveSellers")}</p>;
  return (
    <ul class="lines">
      {rows.map(({ seller, age, share }) => (
        <li key={seller.sellerId}>
          <a href={to("sellers", seller.sellerId)}>{seller.name || seller.sellerId}</a>
          <div class="progress">
            <div class="track"><div class={`fill ${share > STALE_PERIODS ? "dead" : share > 1 ? "late" : "over"}`}
              style={{ width: `${Math.min(100, 100 * share)}%` }} /></div>
            <span class="figures">{span(age)}</span>
          </div>
          <span class="dim">{seller.lastEndedAt ? period(seller.period) : t("neverCrawled")}</span>
        </li>
      ))}
    </ul>
  );
}

const AGENT_STATES = ["ACTIVE", "RECOVERED", "IDLE", "RATE_LIMITED", "DISABLED"];

function Budget({ metrics }) {
  const counts = AGENT_STATES.map((state) => [state, metrics[`kkachi_agents{state="${state}"}`] ?? 0]);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);

  if (!total)
    return <Empty title={t("noAgents")} hint={t("noAgentsHint")}><code>kkachi agent add --file LIST</code></Empty>;
  return (
    <div class="pad">
      <div class="stack" role="img" aria-label={counts.map(([state, count]) => `${t(`agent_${state}`)} ${count}`).join(", ")}>
        {counts.filter(([, count]) => count).map(([state, count]) => <i key={state} class={`agent ${state}`} style={{ flexGrow: count }} />)}
      </div>
      <dl class="legend">
        {counts.map(([state, count]) => <div key={state}><dt><i class={`agent ${state}`} aria-hidden="true" />{t(`agent_${state}`)}</dt><dd>{number(count)}</dd></div>)}
        <div class="sum"><dt>{t("mayAskNow")}</dt><dd>{number(metrics.kkachi_limiter_tokens_left)}</dd></div>
        {metrics.kkachi_limiter_next_token_seconds > 0 &&
          <div><dt>{t("nextTokenIn")}</dt><dd>{span(1000 * metrics.kkachi_limiter_next_token_seconds)}</dd></div>}
      </dl>
    </div>
  );
}

export function Latest({ changes, count }) {
  if (!changes.length)
    return <Empty title={t("noChangesYet")} hint={t("noChangesHint")} />;
  return (
    <ul class="feed">
      {changes.slice(0, count).map((change) => (
        <li key={change.id} data-item={change.itemNo}>
          <Kind change={change} />
          <div>
            <ItemName itemNo={change.itemNo} />
            {change.changes.slice(0, 2).map((one) => <Difference key={one.field} change={one} />)}
            {change.changes.length > 2 && <span class="dim">{t("andMore", { count: number(change.changes.length - 2) })}</span>}
          </div>
          <Ago at={change.at} />
        </li>
      ))}
    </ul>
  );
}

export function Overview({ metrics }) {
  const sellers = useAsked(() => getAll("/v1/sellers"), [], 5000);
  const changes = useNews();
  const runs = metrics.data?.kkachi_runs_open;
  useEffect(() => { sellers.reload(); }, [runs]); // one began, or one ended
  return (
    <>
      <h1>{t("overview")}</h1>
      <Alerts />
      <Facts metrics={metrics.data} sellers={sellers.data} />
      <div class="panels">
        <div class="column">
          <section class="panel"><h2>{t("runningNow")}</h2>
            <Asked asked={sellers} what={t("sellers")}>{(list) => <Running sellers={list} />}</Asked></section>
          <section class="panel"><h2>{t("latestChanges")}</h2>
            {changes ? <Latest changes={changes} count={12} /> : <Loading what={t("changes")} />}</section>
        </div>
        <div class="column">
          <section class="panel"><h2>{t("agentsBudget")}</h2>
            <Asked asked={metrics} what={t("agents")}>{(samples) => <Budget metrics={samples} />}</Asked></section>
          <section class="panel"><h2>{t("freshness")}</h2>
            <Asked asked={sellers} what={t("sellers")}>{(list) => <Freshness sellers={list} />}</Asked></section>
        </div>
      </div>
    </>
  );
}

// A crawl of a seller: how far it is, and what came of it.
import { Ago, number } from "./format.jsx";
import { t } from "./words.js";

export const isOpen = (run) => run.state === "OPEN";

// A list page tells of more tasks when it comes in, so the end moves while a crawl is young.
export function Progress({ run, label }) {
  const done = run.success + run.dead;
  const share = run.tasks ? done / run.tasks : 0;
  return (
    <div class="progress">
      <div class="track" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={run.tasks} aria-valuenow={done}>
        <div class={`fill ${isOpen(run) ? "" : "over"}`} style={{ width: `${100 * share}%` }} />
        {run.dead > 0 && <div class="fill dead" style={{ width: `${(100 * run.dead) / run.tasks}%` }} />}
      </div>
      <span class="figures">{number(done)} / {number(run.tasks)}</span>
    </div>
  );
}

export function Outcome({ run }) {
  const found = [["created", run.created], ["changed", run.changed], ["removed", run.removed], ["returned", run.returned]]
    .filter(([, count]) => count > 0);
  return found.length ? <span class="outcome">{found.map(([type, count]) => <span key={type} class={`kind ${type}`}>{t(`type_${type}`)} {number(count)}</span>)}</span>
    : <span class="dim">{t("noChange")}</span>;
}

export function RunState({ run }) {
  return <span class={`pill ${{ OPEN: "busy", COMPLETE: "good" }[run.state] ?? "warn"}`}>{t(`run_${run.state}`)}</span>;
}

export function RunFacts({ run }) {
  const facts = [
    ["started", <Ago at={run.startedAt} />], ["ended", run.endedAt ? <Ago at={run.endedAt} /> : t("isRunning")],
    ["items", number(run.itemCount)], ["requests", number(run.requests)], ["retries", number(run.retries)],
    ["deadTasks", number(run.dead)],
  ];
  return <dl class="facts">{facts.map(([name, value]) => <div key={name}><dt>{t(name)}</dt><dd>{value}</dd></div>)}</dl>;
}

// The user agents that ask, their state, and what their limit leaves them.
import { ask, getAll, may, useAsked } from "./api.js";
import { Ago, number, percent } from "./format.jsx";
import { Asked, Empty, sentence } from "./states.jsx";
import { Table } from "./table.jsx";
import { toast } from "./toast.jsx";
import { t } from "./words.js";

const STATES = ["ACTIVE", "RECOVERED", "IDLE", "RATE_LIMITED", "DISABLED"];
const TONES = { ACTIVE: "busy", RECOVERED: "good", RATE_LIMITED: "warn", DISABLED: "bad" };
const share = (part, whole) => (whole ? percent(part / whole) : "–");

async function enable(agent, isEnabled, reload) {
  try {
    await ask("PATCH", `/v1/agents/${agent.id}`, { isEnabled });
    toast(t(isEnabled ? "agentEnabled" : "agentDisabled", { agent: agent.name }));
    reload();
  } catch (error) {
    toast(sentence(error), "bad");
  }
}

function columnsFor(session, reload) {
  return [
    { name: "agent", title: t("agent"), cell: (agent) => <span class="two"><b>{agent.name}</b><span class="dim" title={agent.userAgent}>{agent.reason || agent.userAgent}</span></span> },
    { name: "state", title: t("state"), width: "7rem", cell: (agent) => <span class={`pill ${TONES[agent.state] ?? ""}`}>{t(`agent_${agent.state}`)}</span> },
    { name: "left", title: t("tokensLeft"), width: "6.5rem", kind: "number", cell: (agent) => number(agent.tokensLeft) },
    { name: "next", title: t("nextToken"), width: "8rem", low: true, cell: (agent) => (agent.state === "DISABLED"
      ? agent.disabledUntil ? <Ago at={agent.disabledUntil} /> : t("untilEnabled") : agent.tokensLeft > 0 ? t("now") : <Ago at={agent.tokenFreeAt} />) },
    { name: "requests", title: t("requests"), width: "6.5rem", kind: "number", low: true, cell: (agent) => number(agent.requests) },
    { name: "success", title: t("successRate"), width: "6.5rem", kind: "number", low: true, cell: (agent) => share(agent.successes, agent.requests) },
    { name: "limited", title: "429", width: "5.5rem", kind: "number", low: true, cell: (agent) => share(agent.limited, agent.requests) },
    { name: "used", title: t("lastUsed"), width: "7.5rem", low: true, cell: (agent) => <Ago at={agent.lastUsedAt} /> },
    ...(may(session, "operator") ? [{ name: "do", title: <span class="hidden">{t("actions")}</span>, width: "7.5rem", kind: "doing", low: true, cell: (agent) => (
      agent.state === "DISABLED" ? <button type="button" class="small" onClick={() => enable(agent, true, reload)}>{t("enable")}</button>
        : <button type="button" class="small" onClick={() => enable(agent, false, reload)}>{t("disable")}</button>) }] : []),
  ];
}

function Sum({ agents }) {
  const counts = STATES.map((state) => [state, agents.filter((agent) => agent.state === state).length]);
  const left = agents.reduce((sum, agent) => sum + agent.tokensLeft, 0);
  return (
    <div class="panel"><div class="pad top">
      <div class="stack" aria-hidden="true">{counts.filter(([, count]) => count).map(([state, count]) => <i key={state} class={`agent ${state}`} style={{ flexGrow: count }} />)}</div>
      <dl class="legend across">
        {counts.map(([state, count]) => <div key={state}><dt><i class={`agent ${state}`} aria-hidden="true" />{t(`agent_${state}`)}</dt><dd>{number(count)}</dd></div>)}
        <div><dt>{t("mayAskNow")}</dt><dd>{number(left)}</dd></div>
      </dl></div></div>
  );
}

export function Agents({ session }) {
  const agents = useAsked(() => getAll("/v1/agents"), [], 2000);
  return (
    <>
      <h1>{t("agents")}</h1>
      <Asked asked={agents} what={t("agents")}>
        {(list) => (list.length
          ? <><Sum agents={list} /><Table label={t("agents")} rows={list} columns={columnsFor(session, agents.reload)} rowKey={(agent) => agent.id} />
            <p class="count">{t("countOf", { count: number(list.length) })}</p></>
          : <Empty title={t("noAgents")} hint={t("noAgentsHint")}><code>kkachi agent add --file LIST</code></Empty>)}
      </Asked>
    </>
  );
}

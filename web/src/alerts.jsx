// What is wrong now, what it means, and what to do about it.
import { get, useAsked } from "./api.js";
import { Ago } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { t } from "./words.js";

export function Alerts() {
  const alerts = useAsked(() => get("/v1/alerts").then(({ items }) => items.filter(({ state }) => state === "raised")), [], 5000);
  if (!alerts.data?.length)
    return null;
  return (
    <section class="panel alerts"><h2>{t("alerts")} <span class="dim">{alerts.data.length}</span></h2>
      <ul class="lines">
        {alerts.data.map((alert) => (
          <li key={alert.name} class={alert.severity}>
            <Icon name="warn" />
            <div><b>{alert.detail || alert.meaning}</b><span class="dim">{alert.detail && alert.meaning} {alert.action}</span></div>
            <Ago at={alert.raisedAt} />
          </li>
        ))}
      </ul>
    </section>
  );
}

// Why something waits, in one sentence, and until when.
import { get, useAsked } from "./api.js";
import { Ago } from "./format.jsx";
import { Icon } from "./icon.jsx";
import { has, t } from "./words.js";

export const useWhy = (path, deps) => useAsked(() => get(path), deps, 5000);

export function Waits({ waits }) {
  if (!waits?.reason || waits.reason === "NONE")
    return null;
  const key = `why_${waits.reason}`;
  return <p class="waits"><Icon name="clock" /><span>{has(key) ? t(key) : waits.text}{waits.until && <> · <Ago at={waits.until} /></>}</span></p>;
}

function Delivery({ delivery }) {
  return (
    <span class="delivery">
      <span class={`pill ${delivery.delivered ? "good" : delivery.attempts ? "bad" : "warn"}`}>{t(delivery.delivered ? "delivered" : delivery.attempts ? "notDelivered" : "willDeliver")}</span>
      <span class="dim" dir="auto">{delivery.sink}</span>
      {delivery.delivered ? <Ago at={delivery.deliveredAt} /> : <span class="wrong" dir="auto">{delivery.error || delivery.answer}</span>}
    </span>
  );
}

// Whom a version was told to, and what came back.
export function Deliveries({ list }) {
  return list?.map((delivery) => <Delivery key={delivery.sink} delivery={delivery} />);
}

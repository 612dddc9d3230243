// What a page says while there is nothing to show yet, nothing at all, or something went wrong: and what to do then.
import { t } from "./words.js";
import { Icon } from "./icon.jsx";

export function Loading({ what }) {
  return <p class="state" role="status"><span class="spinner" aria-hidden="true" />{t("loading", { what })}</p>;
}

export function Empty({ title, hint, children }) {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

const known = { 0: "failUnreachable", 403: "failForbidden", 404: "failMissing", 412: "failChanged", 503: "failBusy" };

export function sentence(error) {
  const ours = t(known[error.status] ?? (error.status >= 500 ? "failServer" : "failOther"));
  return error.message && error.status !== 503 ? `${ours} ${error.message}` : ours;
}

export function Failure({ error, retry }) {
  return (
    <div class="state" role="alert">
      <Icon name="warn" />
      <p class="state-title">{sentence(error)}</p>
      {retry && <button type="button" onClick={retry}>{t("tryAgain")}</button>}
    </div>
  );
}

// A line over what is still shown from before.
export function Stale({ error, retry }) {
  return error && (
    <p class="stale" role="alert">
      <Icon name="warn" /> {sentence(error)} <button type="button" class="link" onClick={retry}>{t("tryAgain")}</button>
    </p>
  );
}

// The states of one question, around what to show of its answer.
export function Asked({ asked, what, children }) {
  if (asked.data === undefined)
    return asked.error ? <Failure error={asked.error} retry={asked.reload} /> : <Loading what={what} />;
  return <><Stale error={asked.error} retry={asked.reload} />{children(asked.data)}</>;
}

// A seller's settings: registering one, or changing what is there.
import { useState } from "preact/hooks";
import { ask, Problem } from "./api.js";
import { Dialog } from "./dialog.jsx";
import { sentence } from "./states.jsx";
import { toast } from "./toast.jsx";
import { t } from "./words.js";

const split = (period) => ({ count: parseInt(period, 10), unit: period.slice(-1) });

function Field({ name, label, help, error, children }) {
  return (
    <div class="form-field">
      <label for={`f-${name}`}>{label}</label>
      {children}
      {error?.pointer === `#/${name}` ? <p class="wrong" role="alert">{error.message}</p> : help && <p class="help">{help}</p>}
    </div>
  );
}

export function SellerForm({ seller, isOpen, onClose, onDone }) {
  const [error, setError] = useState(null);
  const { count, unit } = split(seller?.period ?? "6h");

  async function submit(form) {
    const values = Object.fromEntries(new FormData(form));
    const body = { name: values.name, period: `${values.count}${values.unit}`, mode: values.mode };
    try {
      const done = seller
        ? await ask("PATCH", `/v1/sellers/${encodeURIComponent(seller.sellerId)}`, body, { "If-Match": `"${seller.revision}"` })
        : await ask("POST", "/v1/sellers", { sellerId: values.sellerId.trim(), ...body });
      setError(null);
      toast(t(seller ? "sellerSaved" : "sellerAdded", { seller: done.sellerId }));
      onDone(done);
    } catch (problem) {
      if (!(problem instanceof Problem))
        throw problem;
      setError(problem);
    }
  }
  function close() {
    setError(null);
    onClose();
  }
  return (
    <Dialog title={seller ? t("editSeller", { seller: seller.sellerId }) : t("addSeller")} isOpen={isOpen} onClose={close}
      onSubmit={submit} action={t("save")}>
      {error && !error.pointer?.startsWith("#/") && <p class="wrong" role="alert">{sentence(error)}</p>}
      {!seller && (
        <Field name="sellerId" label={t("sellerId")} help={t("sellerIdHelp")} error={error}>
          <input id="f-sellerId" name="sellerId" required maxLength={63} autocomplete="off" spellcheck={false} />
        </Field>
      )}
      <Field name="name" label={t("sellerName")} help={t("sellerNameHelp")} error={error}>
        <input id="f-name" name="name" defaultValue={seller?.name} maxLength={60} autocomplete="off" />
      </Field>
      <Field name="period" label={t("period")} help={t("periodHelp")} error={error}>
        <span class="together">
          <input id="f-period" name="count" type="number" min={1} max={9999} required defaultValue={count} />
          <select name="unit" aria-label={t("periodUnit")} defaultValue={unit}><option value="h">{t("hours")}</option><option value="d">{t("days")}</option></select>
        </span>
      </Field>
      <Field name="mode" label={t("mode")} help={t("modeHelp")} error={error}>
        <select id="f-mode" name="mode" defaultValue={seller?.mode ?? "full"}><option value="full">{t("mode_full")}</option><option value="delta">{t("mode_delta")}</option></select>
      </Field>
    </Dialog>
  );
}

// What a seller's state may become, as one action.
export async function switchSeller(seller, state) {
  try {
    const done = await ask("PATCH", `/v1/sellers/${encodeURIComponent(seller.sellerId)}`, { state });
    toast(t(`now_${state}`, { seller: seller.sellerId }));
    return done;
  } catch (error) {
    toast(sentence(error), "bad");
    return null;
  }
}

export async function startCrawl(seller) {
  try {
    const { created } = await ask("POST", "/crawl/start", { sellerId: seller.sellerId });
    toast(t(created ? "crawlStarted" : "crawlUnderWay", { seller: seller.sellerId }));
  } catch (error) {
    toast(sentence(error), "bad");
  }
}

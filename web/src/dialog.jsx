// A question that must be answered before going on. The browser's own dialog keeps the focus inside.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "./words.js";

export function Dialog({ title, isOpen, onClose, onSubmit, action, isGrave, children }) {
  const box = useRef(null);
  const id = useId();
  const [isSending, setSending] = useState(false);

  useEffect(() => {
    if (isOpen && !box.current.open)
      box.current.showModal();
    if (!isOpen && box.current?.open)
      box.current.close();
  }, [isOpen]);
  async function submit(event) {
    event.preventDefault();
    setSending(true);
    try {
      await onSubmit(event.currentTarget);
    } finally {
      setSending(false);
    }
  }
  return (
    <dialog ref={box} aria-labelledby={id} onClose={onClose} onCancel={onClose}>
      {isOpen && (
        <form onSubmit={submit}>
          <h2 id={id}>{title}</h2>
          {children}
          <div class="actions">
            <button type="button" onClick={onClose}>{t("cancel")}</button>
            <button class={isGrave ? "grave" : "primary"} disabled={isSending}>{action}</button>
          </div>
        </form>
      )}
    </dialog>
  );
}

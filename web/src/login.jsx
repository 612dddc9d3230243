import { useEffect, useRef, useState } from "preact/hooks";
import { logIn } from "./api.js";
import { Bird } from "./icon.jsx";
import { sentence } from "./states.jsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.jsx";
import { t } from "./words.js";

export function Login({ onOpen }) {
  const [error, setError] = useState(null);
  const [isAsking, setAsking] = useState(false);
  const field = useRef(null);

  useEffect(() => {
    document.title = `${t("logIn")} · kkachi`;
    field.current.focus();
  }, []);
  async function submit(event) {
    event.preventDefault();
    setAsking(true);
    try {
      onOpen(await logIn(field.current.value));
    } catch (problem) {
      setError(problem);
      setAsking(false);
      field.current.select();
    }
  }
  return (
    <main class="alone">
      <form class="login" onSubmit={submit}>
        <h1><Bird /> kkachi <span lang="ko">까치</span></h1>
        <label for="key">{t("apiKey")}</label>
        <input id="key" ref={field} type="password" autocomplete="current-password" spellcheck={false} required
          aria-describedby="key-help" aria-invalid={error ? "true" : undefined} />
        {error && <p class="wrong" role="alert">{error.status === 401 ? t("keyUnknown") : sentence(error)}</p>}
        <button class="primary" disabled={isAsking}>{t("logIn")}</button>
        <p class="help" id="key-help">{t("keyHelp")}<code>kkachi key create --role operator --name {t("yourName")}</code></p>
      </form>
      <div class="login-foot"><LanguageSwitch /><ThemeSwitch /></div>
    </main>
  );
}

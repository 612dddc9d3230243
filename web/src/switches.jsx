import { useState } from "preact/hooks";
import { Icon } from "./icon.jsx";
import { nextTheme, theme } from "./theme.js";
import { setLanguage, language, t } from "./words.js";

export function LanguageSwitch() {
  const other = language() === "ko" ? "en" : "ko";
  return (
    <button type="button" class="quiet" lang={other} onClick={() => setLanguage(other)} data-test="language">
      {other === "ko" ? "한국어" : "English"}
    </button>
  );
}

export function ThemeSwitch() {
  const [, setTheme] = useState(theme());
  return (
    <button type="button" class="quiet" title={t("theme")} data-test="theme"
      onClick={() => { nextTheme(); setTheme(theme()); }}>
      <Icon name="theme" /><span class="wide">{t(`theme_${theme()}`)}</span><span class="hidden narrow">{t("theme")}</span>
    </button>
  );
}

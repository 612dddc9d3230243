// What stands around every page: where to go, whether requests are stopped, who is here.
import { useEffect, useRef, useState } from "preact/hooks";
import { Agents } from "./agents.jsx";
import { ask, get, logOut, may, readMetrics, useAsked } from "./api.js";
import { Dialog } from "./dialog.jsx";
import { Changes } from "./changes.jsx";
import { Bird, Icon } from "./icon.jsx";
import { Item } from "./item.jsx";
import { startNews, useNewsState } from "./news.js";
import { Overview } from "./overview.jsx";
import { useAddress, to } from "./router.js";
import { Seller } from "./seller.jsx";
import { Sellers } from "./sellers.jsx";
import { Stats } from "./stats.jsx";
import { LanguageSwitch, ThemeSwitch } from "./switches.jsx";
import { Task, Tasks } from "./tasks.jsx";
import { Toasts, toast } from "./toast.jsx";
import { Empty, sentence } from "./states.jsx";
import { t } from "./words.js";

const PAGES = [
  { name: "overview", path: [], page: Overview },
  { name: "sellers", path: ["sellers"], page: Sellers, one: Seller },
  { name: "changes", path: ["changes"], page: Changes },
  { name: "items", path: ["items"], one: Item, hidden: true },
  { name: "tasks", path: ["tasks"], page: Tasks, one: Task },
  { name: "agents", path: ["agents"], page: Agents, needs: "GET /v1/agents" },
  { name: "stats", path: ["stats"], page: Stats, needs: "GET /v1/stats" },
];

// Behind one address may be servers of two versions: a page is there where what it asks is.
const isThere = (page, session) => !page.needs || session.routes.includes(page.needs);

function find(parts, session) {
  const entry = PAGES.find((page) => isThere(page, session) && (page.path[0] ?? "") === (parts[0] ?? "") && parts.length <= 2);
  const component = entry && (parts.length === 2 ? entry.one : entry.page);
  return component ? { entry, component } : {};
}

function Nav({ here, session }) {
  return (
    <nav aria-label={t("pages")}>
      {PAGES.filter((page) => !page.hidden && isThere(page, session)).map((page) => (
        <a key={page.name} href={to(...page.path)} aria-current={here === page ? "page" : undefined}>
          <Icon name={page.name} /><span>{t(page.name)}</span>
        </a>
      ))}
    </nav>
  );
}

// All requests to the site, stopped or let go on: with a question before the first, because it stops everybody's work.
function PauseSwitch({ session, isPaused, reload }) {
  const [isOpen, setOpen] = useState(false);
  const why = useRef(null);

  async function send(path, body) {
    try {
      await ask("POST", path, body);
      toast(t(path === "/v1/pause" ? "paused" : "resumed"));
      setOpen(false);
      reload();
    } catch (error) {
      toast(sentence(error), "bad");
    }
  }
  if (isPaused === undefined)
    return null;
  if (!may(session, "operator"))
    return <span class={`pill ${isPaused ? "bad" : "good"}`}>{t(isPaused ? "isPaused" : "isRunning")}</span>;
  if (isPaused)
    return <button type="button" class="pause is-paused" onClick={() => send("/v1/resume")} data-test="resume">
      <Icon name="play" />{t("resumeAll")}</button>;
  return (
    <>
      <button type="button" class="pause" onClick={() => setOpen(true)} data-test="pause">
        <Icon name="pause" />{t("pauseAll")}
      </button>
      <Dialog title={t("pauseAllAsk")} isOpen={isOpen} onClose={() => setOpen(false)}
        onSubmit={() => send("/v1/pause", { why: why.current.value })} action={t("pauseAll")} isGrave>
        <p>{t("pauseAllMeans")}</p>
        <label for="why">{t("why")}</label>
        <input id="why" ref={why} maxLength={120} placeholder={t("whyHint")} />
      </Dialog>
    </>
  );
}

function LiveLight() {
  const state = useNewsState();
  return <span class={`live ${state}`} role="status" title={t(`live_${state}_means`)}><i aria-hidden="true" />{t(`live_${state}`)}</span>;
}

export function Shell({ session, onClose }) {
  const address = useAddress();
  const { entry, component: Page } = find(address.parts, session);
  const metrics = useAsked(() => get("/metrics").then(readMetrics), [], 2000);
  const isPaused = metrics.data && metrics.data.kkachi_paused === 1;
  const path = address.parts.join("/");

  useEffect(startNews, []);
  useEffect(() => {
    document.title = `${address.parts[1] ?? t(entry?.name ?? "notFound")} · kkachi`;
  });
  useEffect(() => { document.getElementById("page").focus({ preventScroll: true }); scrollTo(0, 0); }, [path]);
  async function leave() {
    await logOut().catch(() => {});
    onClose();
  }
  return (
    <div class="shell">
      <a class="skip" href="#page" onClick={(event) => { event.preventDefault(); document.getElementById("page").focus(); }}>
        {t("skip")}
      </a>
      <header>
        <a class="brand" href={to()} aria-label="kkachi"><Bird /><b>kkachi</b></a>
        <Nav here={entry} session={session} />
        <div class="bar">
          <LiveLight />
          <PauseSwitch session={session} isPaused={isPaused} reload={metrics.reload} />
          <LanguageSwitch />
          <ThemeSwitch />
          <button type="button" class="quiet" onClick={leave} data-test="logout"
            title={t("loggedInAs", { name: session.name, role: t(`role_${session.role}`) })}>
            <Icon name="out" /><span class="wide">{t("logOut")}</span><span class="hidden narrow">{t("logOut")}</span>
          </button>
        </div>
      </header>
      {isPaused && <p class="banner" role="status"><Icon name="pause" /> {t("pausedBanner")}</p>}
      <main id="page" tabIndex={-1}>
        {Page ? <Page key={path} session={session} metrics={metrics} id={address.parts[1]} params={address.params} />
          : <Empty title={t("notFound")} hint={t("notFoundHint")}><a href={to()}>{t("overview")}</a></Empty>}
      </main>
      <footer><span>kkachi {session.version}</span><span>{session.name} · {t(`role_${session.role}`)}</span>
        <a href="/assets/licences.txt">{t("licences")}</a></footer>
      <Toasts />
    </div>
  );
}

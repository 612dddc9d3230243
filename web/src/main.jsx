// Where it begins: who is logged in, and which page the address names.
import "uplot/dist/uPlot.min.css";
import "./style.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { openSession, onLoggedOut } from "./api.js";
import { t, useLanguage } from "./words.js";
import { applyTheme } from "./theme.js";
import { Shell } from "./shell.jsx";
import { Login } from "./login.jsx";
import { Failure, Loading } from "./states.jsx";

function App() {
  const [session, setSession] = useState(undefined); // undefined: not known yet; null: nobody
  const [error, setError] = useState(null);
  const look = () => openSession().then(setSession, setError);
  useLanguage();
  useEffect(() => {
    onLoggedOut(() => setSession(null));
    look();
  }, []);
  if (error)
    return <main class="alone"><Failure error={error} retry={() => { setError(null); look(); }} /></main>;
  if (session === undefined)
    return <main class="alone"><Loading what={t("app")} /></main>;
  if (session === null)
    return <Login onOpen={setSession} />;
  return <Shell session={session} onClose={() => setSession(null)} />;
}

applyTheme();
render(<App />, document.getElementById("app"));

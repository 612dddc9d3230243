// Lines over time, drawn by uPlot; the library is fetched with the first chart. The figures themselves stand in a table
// beside every chart, for those who do not see it.
import { useEffect, useRef, useState } from "preact/hooks";
import { language, t } from "./words.js";

const HEIGHT_PX = 220;
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// light-dark() in a custom property is only resolved where a property uses it.
function resolve(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name}, ${color(name)})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

const axis = (extra) => ({ stroke: resolve("--dim"), grid: { stroke: resolve("--line"), width: 1 }, ticks: { show: false }, font: "12px Inter, system-ui, sans-serif", ...extra });

function options(uPlot, width, series, stepped) {
  const paths = stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;
  const scales = [...new Set(series.map((line) => line.scale))];
  return {
    width, height: HEIGHT_PX,
    cursor: { y: false },
    legend: { live: true },
    series: [{ label: t("when"), value: (_, at) => (at == null ? "–" : new Date(at * 1000).toLocaleString(language())) },
      ...series.map((line) => ({ label: line.title, scale: line.scale, stroke: resolve(line.color), width: 2, paths,
        points: { show: true, size: 5, fill: resolve(line.color) }, value: (_, value) => (value == null ? "–" : line.text(value)) }))],
    axes: [axis({ values: (_, marks, __, ___, step) => marks.map((mark) => new Date(mark * 1000).toLocaleString(language(),
      step >= 86400 ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit", hour12: false, ...(step < 60 ? { second: "2-digit" } : {}) })) }),
    ...scales.map((scale, at) => axis({ scale, side: at ? 1 : 3, size: 84, grid: { show: !at, stroke: resolve("--line"), width: 1 },
      values: (_, marks) => marks.map(series.find((line) => line.scale === scale).text) }))],
    scales: Object.fromEntries(scales.map((scale) => [scale, { range: (_, min, max) => (min === max ? [Math.min(0, min), max * 1.2 || 1] : [Math.max(0, min - (max - min) * 0.15), max + (max - min) * 0.15]) }])),
  };
}

// at: seconds; series: { title, values, scale, color, text(value) }
export function Chart({ title, at, series, stepped }) {
  const place = useRef(null);
  const [hasFailed, setFailed] = useState(false);
  useEffect(() => {
    let plot = null, isGone = false, watcher = null;
    async function draw() {
      const { default: uPlot } = await import("uplot");
      if (isGone)
        return;
      const make = () => {
        if (isGone || !place.current)
          return;
        plot?.destroy();
        plot = new uPlot(options(uPlot, place.current.clientWidth, series, stepped), [at, ...series.map((line) => line.values)], place.current);
      };
      make();
      watcher = new ResizeObserver(() => { if (place.current && plot.width !== place.current.clientWidth) plot.setSize({ width: place.current.clientWidth, height: HEIGHT_PX }); });
      watcher.observe(place.current);
      scheme.addEventListener("change", make);
      stop = () => scheme.removeEventListener("change", make);
    }
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    let stop = () => {};
    draw().catch((error) => { console.error(error); if (!isGone) setFailed(true); });
    return () => { isGone = true; stop(); watcher?.disconnect(); plot?.destroy(); };
  }, [JSON.stringify([at, series.map((line) => line.values)]), language(), document.documentElement.dataset.theme]);
  return hasFailed ? <p class="state">{t("chartFailed")}</p> : <div class="chart" ref={place} role="img" aria-label={title} />;
}

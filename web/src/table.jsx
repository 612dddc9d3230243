// A table that may have a hundred thousand rows: only those in view are in the page. Rows have one height, so that the
// place of each is known without measuring it.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "./words.js";
import { number } from "./format.jsx";

const ROW_PX = 40; // as in style.css
const BEYOND = 12; // rows kept above and below the view

// columns: { name, title, width, kind: "number", low: may go on a narrow screen, cell(row) }
export function Table({ label, columns, rows, rowKey, more, isAsking, total, rowClass }) {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PX) + BEYOND);

  useLayoutEffect(() => {
    const look = () => setView({ top: box.current.scrollTop, height: box.current.clientHeight });
    const watcher = new ResizeObserver(look);
    watcher.observe(box.current);
    look();
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (more && last >= rows.length - 200)
      more();
  }, [last, rows.length]);
  return (
    <div class="table" ref={box} tabIndex={0} role="region" aria-label={label}
      onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}>
      <table aria-rowcount={(total ?? rows.length) + 1}>
        <thead>
          <tr aria-rowindex={1}>{columns.map((column) => <th key={column.name} scope="col" class={classOf(column)} style={column.width && { width: column.width }}>{column.title}</th>)}</tr>
        </thead>
        <tbody>
          {first > 0 && <tr class="gap" aria-hidden="true"><td style={{ height: `${first * ROW_PX}px` }} /></tr>}
          {rows.slice(first, last).map((row, at) => (
            <tr key={rowKey(row)} aria-rowindex={first + at + 2} class={rowClass?.(row)}>
              {columns.map((column) => <td key={column.name} class={classOf(column)}>{column.cell(row)}</td>)}
            </tr>
          ))}
          {last < rows.length && <tr class="gap" aria-hidden="true"><td style={{ height: `${(rows.length - last) * ROW_PX}px` }} /></tr>}
        </tbody>
      </table>
      {isAsking && rows.length > 0 && <p class="table-foot">{t("loadingMore", { count: number(rows.length) })}</p>}
    </div>
  );
}

const classOf = (column) => [column.kind, column.low && "low"].filter(Boolean).join(" ") || undefined;

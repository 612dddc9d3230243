// Bundles web/src into FOLDER/files, packs each file, and writes FOLDER/files.c, which takes them into the binary.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync, readdirSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const web = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
const esbuild = createRequire(join(out, "package.json"))("esbuild");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

async function bundle(folder) {
  const built = await esbuild.build({
    absWorkingDir: web,
    entryPoints: ["src/main.jsx"],
    nodePaths: [join(out, "node_modules")],
    outdir: folder,
    publicPath: "/assets",
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: ["chrome111", "firefox113", "safari16.4"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".woff2": "file", ".svg": "file" },
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    legalComments: "none", // the notices are in licences.txt, whole
    metafile: true,
    logLevel: "warning",
  });
  const main = Object.entries(built.metafile.outputs).find(([, output]) => output.entryPoint === "src/main.jsx");
  return { script: basename(main[0]), style: basename(main[1].cssBundle) };
}

// The licence of every package whose text is in the bundle.
function licences() {
  const parts = Object.keys(JSON.parse(readFileSync(join(web, "package.json"))).dependencies).map((name) => {
    const folder = join(out, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
  });
  return parts.join(`\n${"-".repeat(78)}\n\n`);
}

function page({ script, style }, font) {
  return readFileSync(join(web, "index.html"), "utf8")
    .replace("@STYLE@", `/assets/${style}`)
    .replace("@FONT@", `/assets/${font}`)
    .replace("@SCRIPT@", `/assets/${script}`);
}

const cString = (text) => JSON.stringify(text);

// One row of the table, and the bytes behind it.
function embed(folder, file, number) {
  const bytes = readFileSync(join(folder, file));
  const packed = gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION });
  const isPacked = packed.length < bytes.length * 0.95;
  const path = file === "index.html" ? "/" : `/assets/${file}`;
  const isNamedByContent = /-[A-Z0-9]{8}\.\w+$/.test(file);
  const etag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 24)}"`;
  const symbols = [[`kk_console_${number}`, join(folder, file)]];
  if (isPacked) {
    writeFileSync(join(folder, `${file}.gz`), packed);
    symbols.push([`kk_console_${number}_gz`, join(folder, `${file}.gz`)]);
  }
  const row = [cString(path), cString(TYPES[extname(file)] ?? "application/octet-stream"), cString(etag), symbols[0][0],
    symbols[1]?.[0] ?? "NULL", bytes.length, isPacked ? packed.length : 0, isNamedByContent];
  return { symbols, row: `    {${row.join(", ")}},` };
}

function writeTable(folder) {
  const rows = readdirSync(folder).filter((file) => !file.endsWith(".gz")).sort()
    .map((file, number) => embed(folder, file, number));
  const symbols = rows.flatMap((row) => row.symbols);
  writeFileSync(join(out, "files.c"), `/* Made by web/build: the files of the console. */
#include "api/console.h"
${symbols.map(([name, path]) => `__asm__(".pushsection .rodata,\\"a\\",@progbits\\n${name}:\\n.incbin ${cString(cString(path)).slice(1, -1)}\\n.popsection\\n");
extern const char ${name}[] __attribute__((visibility("hidden")));`).join("\n")}
const struct console_file console_files[] = {
${rows.map((row) => row.row).join("\n")}
    {NULL, NULL, NULL, NULL, NULL, 0, 0, false},
};
`);
}

const folder = join(out, "files");
mkdirSync(folder, { recursive: true });
const entry = await bundle(folder);
const font = readdirSync(folder).find((file) => file.endsWith(".woff2"));
writeFileSync(join(folder, "index.html"), page(entry, font));
writeFileSync(join(folder, "licences.txt"), licences());
writeTable(folder);

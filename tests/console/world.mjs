// The real binary against the mock site, in a folder of its own, and a browser that looks at it. What is started here is
// stopped here, by its pid.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = dirname(dirname(HERE));
const BINARY = process.env.KKACHI_BIN ?? join(ROOT, "build/dev/kkachi");
const DEADLINE_MS = 60000;

// The packages are not beside this file but where KK_CONSOLE_MODULES says: nothing is installed into the source.
const require = createRequire(join(process.env.KK_CONSOLE_MODULES ?? join(ROOT, "build/console-tests"), "package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// As tests/scenario/conftest.py: the limits stay, the hour and the waits are short.
const QUICK = {
  "api.listen": "127.0.0.1:0", "limiter.window": "2s", "limiter.gap": "1ms", "limiter.grant_ttl": "500ms",
  "agent.issue_gap": "1ms", "agent.cooldown": "1s", "agent.cooldown_max": "2s", "site.rate": "0", "site.inflight": "0",
  "site.timeout": "5s", "task.backoff": "50ms", "task.backoff_max": "500ms",
};

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export async function waitFor(what, look, deadlineMs = DEADLINE_MS) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found)
      return found;
    if (Date.now() > end)
      throw new Error(`in ${deadlineMs} ms it did not come to this: ${what}`);
    await sleep(50);
  }
}

function environment() {
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KKACHI_"))), NO_COLOR: "1" };
}

function start(folder, name, words) {
  const output = join(folder, `${name}.out`), errors = join(folder, `${name}.err`);
  const child = spawn(BINARY, words, { cwd: folder, env: environment(), stdio: ["ignore", openSync(output, "a"), openSync(errors, "a")] });
  return {
    child,
    said: () => readFileSync(output, "utf8"),
    complained: () => readFileSync(errors, "utf8"),
    kill: () => new Promise((done) => {
      if (child.exitCode !== null || child.signalCode !== null)
        return done();
      child.on("exit", done);
      return child.kill("SIGKILL");
    }),
  };
}

export class World {
  static async open({ sellers = "luxmaison:40,casaverde:25", agents = 20, settings = {}, sandbox = [] } = {}) {
    const world = new World();
    world.folder = mkdtempSync(join(tmpdir(), "kkachi-console-"));
    world.site = start(world.folder, "sandbox", ["sandbox", "--json", "--with-parent", "--sellers", sellers, "--window", "2s", "--limit", "80", ...sandbox]);
    const line = await waitFor("the sandbox prints its address", () => world.site.said().includes("\n") && world.site.said());
    world.siteUrl = JSON.parse(line.split("\n")[0]).url;
    world.flags = Object.entries({ ...QUICK, "site.url": world.siteUrl, ...settings }).map(([name, value]) => `--${name}=${value}`);
    writeFileSync(join(world.folder, "agents.txt"), Array.from({ length: agents }, (_, at) =>
      `Mozilla/5.0 (Linux; Android 14; SM-S9${String(at).padStart(3, "0")}N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Mobile Safari/537.36\n`).join(""));
    if (agents)
      await world.run("agent", "add", "--file", "agents.txt");
    await world.up();
    return world;
  }

  async up() {
    this.kkachi = start(this.folder, "up", ["up", ...this.flags]);
    this.url = await waitFor("the API listens", () => {
      if (this.kkachi.child.exitCode !== null)
        throw new Error(`kkachi up ended: ${this.kkachi.complained()}`);
      return [...this.kkachi.complained().matchAll(/"api.listening","url":"([^"]+)"/g)].at(-1)?.[1];
    });
  }

  async run(...words) {
    const { stdout } = await promisify(execFile)(BINARY, [...words, ...this.flags], { cwd: this.folder, env: environment(), timeout: DEADLINE_MS, maxBuffer: 1e8 });
    return stdout;
  }

  async json(...words) {
    return JSON.parse(await this.run(...words, "--json"));
  }

  async key(role = "admin", name = "콘솔 시험") {
    return (await this.json("key", "create", "--role", role, "--name", name)).key;
  }

  async sandbox(what, values = {}, method = "POST") {
    const answer = await fetch(`${this.siteUrl}/__sandbox/${what}?${new URLSearchParams(values)}`, { method });
    const body = await answer.json();
    if (!answer.ok)
      throw new Error(`the sandbox refuses ${what}: ${JSON.stringify(body)}`);
    return body;
  }

  async firstCrawl(seller) {
    await waitFor(`the first crawl of ${seller} ends`, async () => (await this.json("seller", "show", seller)).runs.some((run) => run.state !== "OPEN"));
  }

  async close() {
    await this.kkachi?.kill();
    await this.site?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// ---- the browser ----

export async function openBrowser() {
  const path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  return chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
}

// A page that fails its test when the browser complains of anything: an error, or something the policy refused.
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ locale: "ko-KR", timezoneId: "Asia/Seoul", viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.stack ?? String(error)));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) page.complaints.push(message.text()); });
  page.setDefaultTimeout(20000);
  await page.goto(url);
  return page;
}

export async function logIn(page, key) {
  await page.fill("#key", key);
  await page.press("#key", "Enter");
  await page.waitForSelector("main#page h1");
}

// What axe-core finds, as text; empty when all is well. It is put in by the debugger: the page's policy keeps it out.
export async function axe(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: `${AXE};0` });
  const { result } = await session.send("Runtime.evaluate", { awaitPromise: true, returnByValue: true,
    expression: "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + ' ' + n.failureSummary).join(' | ')}`))" });
  await session.detach();
  return result.value;
}

export const ARTIFACTS = process.env.KK_ARTIFACTS ?? join(ROOT, "build/console-tests/pictures");
export const WIDTHS = { phone: [390, 844], tablet: [820, 1180], wide: [1440, 900] };

export async function picture(page, name) {
  mkdirSync(ARTIFACTS, { recursive: true });
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width: size[0], height: size[1] });
    await sleep(150);
    await page.screenshot({ path: join(ARTIFACTS, `${name}-${width}.png`) });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

// What an operator does with the console, in a browser, against the real binary and the mock site.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readFileSync } from "node:fs";
import { axe, logIn, openBrowser, openPage, picture, sleep, waitFor, World } from "./world.mjs";

// A tag, marks that turn the direction of writing, and more than any column holds.
const HOSTILE = `<script>window.wasHere=1</script>\u202e\u2067<img src=x onerror="window.wasHere=1">"'&amp;`.padEnd(10000, "가나 ab");

let world, browser, page, key;

const go = (hash) => page.evaluate((to) => { location.hash = to; }, hash);
const textOf = (selector) => page.textContent(selector);
const see = (text) => page.waitForFunction((words) => document.body.innerText.includes(words), text);

// Whether the menu has a page: it must, where the API has what the page asks.
async function isOffered(path, route) {
  const { session } = await page.evaluate(() => fetch("/console/session").then((answer) => answer.json()));
  const isThere = session.routes.includes(route);
  assert.equal(await page.locator(`nav a[href='#/${path}']`).count(), isThere ? 1 : 0);
  return isThere;
}

async function isWell(name) {
  await picture(page, name);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    assert.deepEqual(await axe(page), [], `${name}, ${scheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  assert.deepEqual(page.complaints, []);
}

before(async () => {
  world = await World.open();
  key = await world.key();
  browser = await openBrowser();
  page = await openPage(browser, world.url);
});

after(async () => {
  await browser?.close();
  await world?.close();
});

test("axe sees what is wrong, so that its silence means something", async () => {
  const other = await openPage(browser, "about:blank");
  await other.setContent("<main><img src='data:,'><button></button></main>");
  assert.match((await axe(other)).join("\n"), /image-alt[^]*button-name|button-name[^]*image-alt/);
  await other.context().close();
});

test("nobody gets in without a key, and a key is told from no key", async () => {
  await page.waitForSelector("#key");
  await isWell("login");
  await page.fill("#key", "kk_1_nonsense");
  await page.press("#key", "Enter");
  await see("알 수 없거나 더는 쓸 수 없는 키입니다");
  page.complaints.length = 0; // the browser notes the 401
  await logIn(page, key);
  await see("현황");
  assert.equal(await page.evaluate(() => document.cookie), "", "a script cannot read the session");
});

test("an empty installation tells what to do", async () => {
  await see("지금 진행 중인 크롤이 없습니다");
  await isWell("overview-empty");
});

test("a seller is added, what is wrong with it is said at its field, and its first crawl is watched to the end", async () => {
  await go("/sellers");
  await page.click("[data-test=add-seller] >> nth=0");
  await page.fill("#f-sellerId", "no such/seller");
  await page.press("#f-sellerId", "Enter");
  await page.waitForSelector(".wrong");
  await isWell("seller-form").catch((error) => { if (!/422/.test(error.message)) throw error; });
  page.complaints.length = 0;
  await page.fill("#f-sellerId", "luxmaison");
  await page.fill("#f-name", "럭스메종");
  await page.click("dialog button.primary");
  await page.click("tbody a >> text=luxmaison");
  await page.waitForSelector(".run-head .pill.good");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length >= 20);
  const bar = page.locator(".run-head [role=progressbar]");
  assert.equal(await bar.getAttribute("aria-valuenow"), await bar.getAttribute("aria-valuemax"));
  assert.equal(await bar.getAttribute("aria-valuenow"), String((await world.json("seller", "show", "luxmaison")).runs[0].tasks));
  await isWell("seller");
});

test("the period is edited, and the seller paused and let go on", async () => {
  await go("/sellers");
  await page.click("[aria-label='수정: luxmaison']");
  await page.fill("#f-period", "2");
  await page.selectOption("select[name=unit]", "d");
  await page.click("dialog button.primary");
  await see("2일마다");
  assert.equal((await world.json("seller", "show", "luxmaison")).period, "2d");
  await page.click("[aria-label='일시정지: luxmaison']");
  await page.waitForSelector(".pill.warn");
  assert.equal((await world.json("seller", "show", "luxmaison")).state, "PAUSED");
  await page.click("[aria-label='다시 시작: luxmaison']");
  await page.waitForSelector(".pill.good");
  await isWell("sellers");
});

test("a price that changes on the site arrives in the open page, in won, old and new", async () => {
  await go("/");
  await page.waitForSelector(".feed li");
  const [item] = (await world.json("product", "list", "--seller", "luxmaison")).filter(({ product }) => product.sellingPrice > 0);
  const price = item.product.sellingPrice + 12300;
  await world.sandbox("set", { itemNo: item.itemNo, field: "sellingPrice", value: price });
  await world.run("crawl", "luxmaison", "--wait");
  const entry = await page.waitForSelector(`.feed li[data-item="${item.itemNo}"]:has(.up)`);
  const text = await entry.innerText();
  assert.ok(text.includes(`${item.product.sellingPrice.toLocaleString("ko")}원`) && text.includes(`${price.toLocaleString("ko")}원`), text);
  await isWell("overview");
});

test("a hostile name stays text", async () => {
  const [item] = await world.json("product", "list", "--seller", "luxmaison");
  await world.sandbox("set", { itemNo: item.itemNo, field: "name", value: HOSTILE });
  await world.run("crawl", "luxmaison", "--wait");
  await page.waitForSelector(`.feed li[data-item="${item.itemNo}"]`);
  await waitFor("the name is in the feed as text", async () => (await textOf(".feed")).includes("<script>window.wasHere=1</script>"));
  await isWell("overview-hostile");
  await go("/sellers/luxmaison");
  await waitFor("the name is in the table as text", async () => (await textOf(".table[aria-label='상품'] tbody")).includes("<script>window.wasHere=1</script>"));
  assert.equal(await page.evaluate(() => window.wasHere), undefined);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is not wider than the window");
  await isWell("seller-hostile");
});

test("the list of changes is live, filtered, and leads to an item with its history", async () => {
  await go("/changes");
  await page.waitForSelector("tbody .change-cell");
  const [item] = (await world.json("product", "list", "--seller", "luxmaison")).filter(({ product }) => product.sellingPrice > 20000).slice(-1);
  const price = item.product.sellingPrice - 10000;
  await world.sandbox("set", { itemNo: item.itemNo, field: "sellingPrice", value: price });
  await world.run("crawl", "luxmaison", "--wait");
  await page.waitForSelector(`tbody tr:first-of-type [data-item="${item.itemNo}"] .down`);
  await isWell("changes");
  await page.selectOption("[data-test=by-field]", "sellingPrice");
  await waitFor("only changed prices are left", async () => (await page.locator("tbody tr").count()) === (await page.locator("tbody tr:has(.move)").count()));
  assert.match(page.url(), /field=sellingPrice/);
  await page.click(`[data-item="${item.itemNo}"] a`);
  await page.waitForSelector(".chart canvas");
  await see("버전 2");
  assert.ok((await textOf(".feed")).includes(`${price.toLocaleString("ko")}원`));
  assert.ok((await textOf(".feed")).includes(item.hash), "the hash of version 1");
  await isWell("item");
});

test("what changes is seen within a second after its answer came", async () => {
  await go("/changes");
  await page.waitForSelector("tbody .change-cell");
  await page.evaluate(() => {
    window.delays = new Map();
    new MutationObserver(() => {
      for (const cell of document.querySelectorAll(".change-cell[data-at]"))
        if (!window.delays.has(cell.dataset.id))
          window.delays.set(cell.dataset.id, Date.now() - Date.parse(cell.dataset.at));
    }).observe(document.querySelector("main"), { childList: true, subtree: true });
  });
  const before = await page.evaluate(() => window.delays.size);
  const { made } = await world.sandbox("move", { count: 12, kinds: "price,stock", distinct: 1 });
  const known = new Set((await world.json("changes")).map(({ id }) => String(id)));
  await world.run("crawl", "luxmaison", "--wait");
  const delays = await waitFor("all are seen", async () => {
    const seen = (await page.evaluate(() => [...window.delays])).filter(([id]) => !known.has(id)).map(([, delay]) => delay);
    return seen.length >= Math.min(made, 8) && seen;
  });
  delays.sort((a, b) => a - b);
  console.log(`# change → visible: ${delays.length} changes, median ${delays[delays.length >> 1]} ms, worst ${delays.at(-1)} ms`);
  assert.equal(before, 0);
  assert.ok(delays.at(-1) < 1000, String(delays));
});

test("a hundred thousand rows scroll, and only those in view are in the page", async () => {
  const ROWS = 100000;
  const other = await openPage(browser, world.url);
  await other.route("**/v1/tasks?*", (route) => {
    const after = Number(new URL(route.request().url()).searchParams.get("cursor") ?? 0);
    const items = Array.from({ length: 10000 }, (_, at) => ({ id: after + at + 1, sellerId: "s", kind: "detail", itemNo: after + at + 1, page: 0, state: "SUCCESS", isDead: false, httpStatus: 200, attempt: 1, error: "", createdAt: "2026-11-28T00:00:00.000Z" }));
    return route.fulfill({ json: { items, cursor: after + 10000 < ROWS ? String(after + 10000) : null } });
  });
  await logIn(other, key);
  await other.evaluate(() => { location.hash = "/tasks?state=all"; });
  await other.waitForSelector("tbody tr");
  await waitFor("all rows are known", async () => {
    await other.evaluate(() => { const box = document.querySelector(".table"); box.scrollTop = box.scrollHeight; });
    return (await other.textContent(".count")).startsWith("100,000건");
  });
  await other.evaluate(() => { const box = document.querySelector(".table"); box.scrollTop = box.scrollHeight; });
  await other.waitForSelector("tr[aria-rowindex='100001']");
  assert.ok((await other.locator("tbody tr").count()) < 80);
  const frameMs = await other.evaluate(async () => {
    const box = document.querySelector(".table");
    let worst = 0, last = performance.now();
    for (let step = 0; step < 60; step++) {
      box.scrollTop = (box.scrollHeight * step) / 60;
      await new Promise((done) => requestAnimationFrame(done));
      worst = Math.max(worst, performance.now() - last);
      last = performance.now();
    }
    return worst;
  });
  console.log(`# 100,000 rows: worst frame ${Math.round(frameMs)} ms`);
  assert.ok(frameMs < 2000, `${frameMs} ms`);
  assert.deepEqual(other.complaints, []);
  await other.context().close();
});

test("dead letters are seen with their reasons, and sent back one by one or all at once", async () => {
  await world.sandbox("fault", { name: "400", rate: 1, count: 3, path: "detail" });
  await world.run("crawl", "luxmaison", "--wait").catch(() => {}); // a crawl with dead letters ends with a failure
  await go("/tasks");
  await waitFor("three dead letters are listed", async () => (await page.locator("tbody tr").count()) === 3);
  assert.ok((await textOf("tbody")).includes("400"));
  await isWell("dead");
  await page.click("tbody a >> nth=0");
  await page.waitForSelector(".feed .kind");
  await isWell("task");
  await page.click("[data-test=retry]");
  await waitFor("one less is dead", async () => (await world.json("dead", "list")).length === 2);
  await go("/tasks");
  await page.click("[data-test=retry-all]");
  await page.click("dialog button.primary");
  await see("최종 실패한 태스크가 없습니다");
  await waitFor("they are done", async () => (await world.json("task", "list")).every((task) => task.state === "SUCCESS"));
  await page.selectOption("[data-test=by-state]", "SUCCESS");
  await page.waitForSelector("tbody tr");
  await isWell("tasks");
});

test("agents are seen with what their limit leaves them, disabled and enabled", async () => {
  if (!await isOffered("agents", "GET /v1/agents"))
    return;
  await go("/agents");
  await waitFor("all agents are listed", async () => (await page.locator("tbody tr").count()) === 20);
  await isWell("agents");
  await page.click("tbody tr:first-of-type button");
  await page.waitForSelector("tbody tr:first-of-type .pill.bad");
  assert.equal((await world.json("agent", "list")).filter(({ state }) => state === "DISABLED").length, 1);
  await page.click("tbody tr:first-of-type button");
  await page.waitForSelector("tbody tr:first-of-type .pill:not(.bad)");
});

test("the figures of a day are those of the store, drawn, and downloaded as a file", async () => {
  if (!await isOffered("stats", "GET /v1/stats"))
    return;
  await go("/stats");
  await page.waitForSelector(".chart canvas");
  const [row] = await world.json("stats", "--by", "day");
  await see(row.attempts.toLocaleString("ko"));
  await isWell("stats");
  await page.selectOption("[data-test=by]", "endpoint");
  await see("엔드포인트별");
  await page.waitForSelector(".lines li");
  await isWell("stats-endpoint");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("[data-test=csv]")]);
  const text = readFileSync(await file.path(), "utf8");
  assert.match(file.suggestedFilename(), /^kkachi-endpoint-.*\.csv$/);
  assert.match(text, /^\ufeff[^]*attempts,success/);
  assert.equal(text.trim().split("\r\n").length, 1 + (await world.json("stats", "--by", "endpoint")).length);
});

test("all requests are stopped after a question, and go on again", async () => {
  await page.click("[data-test=pause]");
  await page.fill("#why", "시험");
  await page.click("dialog button.grave");
  await page.waitForSelector(".banner");
  const paused = JSON.parse(await world.run("pause", "--show", "--json"));
  assert.equal(paused.isPaused, true);
  assert.match(paused.who, /콘솔 시험/);
  assert.equal(paused.why, "시험");
  await isWell("paused");
  await page.click("[data-test=resume]");
  await page.waitForSelector(".banner", { state: "detached" });
  assert.equal(JSON.parse(await world.run("pause", "--show", "--json")).isPaused, false);
});

test("the other language is there at once, and stays", async () => {
  await page.click("[data-test=language]");
  await see("Pause all");
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await go("/sellers");
  await see("Add seller");
  await page.reload();
  await see("Add seller");
  await isWell("sellers-english");
  await page.click("[data-test=language]");
  await see("셀러 추가");
});

test("the keyboard is enough: past the menu, into a form, and out of it", async () => {
  await page.reload();
  await page.waitForSelector("[data-test=add-seller]");
  await page.evaluate(() => document.body.focus());
  await page.focus(".skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "page");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.test), "add-seller");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-sellerId");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
});

test("a viewer sees all and is offered nothing that it may not do", async () => {
  const other = await openPage(browser, world.url);
  await logIn(other, await world.key("viewer"));
  await other.evaluate(() => { location.hash = "/sellers/luxmaison"; });
  await other.waitForSelector(".run-head");
  assert.equal(await other.locator("main button, [data-test=pause]").count(), 0);
  await other.context().close();
});

test("a server that goes away is told of, what was known stays in view, and it comes back by itself", async () => {
  await go("/sellers");
  await page.waitForSelector("tbody tr");
  await world.kkachi.kill();
  await page.waitForSelector(".live.away");
  await page.waitForSelector(".stale");
  assert.ok(await page.isVisible("tbody tr"));
  await picture(page, "away");
  world.flags = [...world.flags.filter((flag) => !flag.startsWith("--api.listen")), `--api.listen=${new URL(world.url).host}`];
  await world.up();
  await page.waitForSelector("#key"); // sessions are of the process
  page.complaints.length = 0;
  await logIn(page, key);
  await page.waitForSelector(".live.live");
});

test("who logs out is out, in every window", async () => {
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Strict", "/"]);
  await page.click("[data-test=logout]");
  await page.waitForSelector("#key");
  const answer = await fetch(`${world.url}/v1/sellers`, { headers: { Cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal(answer.status, 401);
});

test("the first load is small", async () => {
  const other = await browser.newContext();
  const fresh = await other.newPage();
  const sizes = [];
  const devtools = await other.newCDPSession(fresh);
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => sizes.push(encodedDataLength));
  const start = Date.now();
  await fresh.goto(world.url);
  await fresh.waitForSelector("#key:focus");
  const ready = Date.now() - start;
  await sleep(500);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`# first load: ${total} bytes in ${sizes.length} answers, ready to type after ${ready} ms`);
  assert.ok(total < 150000, `${total} bytes`);
  await other.close();
});

// The same crawl by Crawlee's BasicCrawler over undici: list -> detail -> options, a canonical subset hashed, one JSON
// line an item.
//     node crawlee.mjs BASE_URL OUT SELLER...
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { BasicCrawler, Configuration, log } from 'crawlee';
import { Pool } from 'undici';

const [base, outPath, ...sellers] = process.argv.slice(2);
const agent = 'Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36';
const out = createWriteStream(outPath);
const pool = new Pool(base, { connections: 64, pipelining: 1 });
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
log.setLevel(log.LEVELS.ERROR);

async function get(path, headers) {
    const answer = await pool.request({ path, method: 'GET', headers: { 'user-agent': agent, ...headers } });
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`);
    return [await answer.body.text(), answer.headers];
}

const [, home] = await get('/');
const token = [].concat(home['set-cookie']).map((line) => line.split(';')[0].split('=')).find(([name]) => name === 'token')[1];
const head = { authorization: `Bearer ${token}` };
const listPath = (seller, page) =>
    `/mustit-api/facade-api/v1/search/mini-shop-search?sellerId=${seller}&pageNo=${page}&pageSize=500&order=LATEST`;
const request = (path, userData) => ({ url: base + path, uniqueKey: path, userData: { path, ...userData } });

const crawler = new BasicCrawler({
    minConcurrency: 64,
    maxConcurrency: 64,
    maxRequestRetries: 0,
    async requestHandler({ request: { userData }, addRequests }) {
        const [text] = await get(userData.path, head);
        const body = JSON.parse(text);
        if (userData.kind === 'list') {
            const next = body.items.map(({ itemNo }) => request(
                `/mustit-api/facade-api/v1/item/${itemNo}/detail/top`, { kind: 'detail', itemNo }));
            for (let page = 1; userData.page === 0 && page * 500 < body.count; page += 1)
                next.push(request(listPath(userData.seller, page), { kind: 'list', seller: userData.seller, page }));
            await addRequests(next);
        } else if (userData.kind === 'detail') {
            const modules = Object.fromEntries(body.moduleList.map(({ type, data }) => [type, data]));
            const { itemNo, itemName, brandName, brandCode, normalPrice, sellingPrice, discountPrice, stock, isSoldOut } =
                modules.ProductInfoModule;
            const seen = { itemNo, itemName, brandName, brandCode, normalPrice, sellingPrice, discountPrice, stock,
                isSoldOut, images: modules.ProductBannersModule.images.map((url) => url.split('/_dims_/')[0]),
                description: sha256(modules.ProductDetailInfoModule.descriptionMarkUp) };
            await addRequests([request(`/mustit-api/legacy-api/v1/auction_products/${itemNo}/options`,
                { kind: 'options', seen })]);
        } else {
            const options = body.map(({ optionNo, color, size, stock }) => [optionNo, color, size, stock])
                .sort((a, b) => a[0] - b[0]);
            const line = JSON.stringify({ ...userData.seen, options });
            out.write(`${sha256(line)} ${line}\n`);
        }
    },
}, new Configuration({ persistStorage: false, purgeOnStart: true }));

await crawler.run(sellers.map((seller) => request(listPath(seller, 0), { kind: 'list', seller, page: 0 })));
await new Promise((done) => { out.end(done); });
await pool.close();

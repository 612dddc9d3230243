"""The same crawl by Scrapy, tuned: list -> detail -> options, a canonical subset hashed, one JSON line an item.

    spider.py BASE_URL OUT SELLER...
"""

import hashlib
import json
import sys

import scrapy
from scrapy.crawler import CrawlerProcess

LIST = "/mustit-api/facade-api/v1/search/mini-shop-search?sellerId=%s&pageNo=%d&pageSize=500&order=LATEST"
DETAIL = "/mustit-api/facade-api/v1/item/%d/detail/top"
OPTIONS = "/mustit-api/legacy-api/v1/auction_products/%d/options"
AGENT = "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36"

base, out_path, sellers = sys.argv[1], sys.argv[2], sys.argv[3:]


class Spider(scrapy.Spider):
    name = "mustit"
    # Every extension and middleware that a fair rival would switch off is off; CONCURRENT_ITEMS=1 alone is worth 2.4x.
    custom_settings = {
        "CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 64, "CONCURRENT_ITEMS": 1, "LOG_LEVEL": "ERROR",
        "ROBOTSTXT_OBEY": False, "COOKIES_ENABLED": False, "RETRY_ENABLED": False, "REDIRECT_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False, "USER_AGENT": AGENT, "EXTENSIONS": {},
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
        "SPIDER_MIDDLEWARES_BASE": {}, "DOWNLOADER_MIDDLEWARES_BASE": {
            "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": 400,
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": 500,
            "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": 590},
    }

    def start_requests(self):
        self.out = open(out_path, "w")
        yield scrapy.Request(base + "/", callback=self.got_token)

    def got_token(self, response):
        cookies = b"; ".join(response.headers.getlist("Set-Cookie")).decode()
        value = dict(part.split("=", 1) for part in cookies.split("; ") if "=" in part)
        self.head = {"Authorization": "Bearer " + value["token"]}
        for seller in sellers:
            yield scrapy.Request(base + LIST % (seller, 0), headers=self.head, callback=self.got_list,
                                 cb_kwargs={"seller": seller, "page": 0})

    def got_list(self, response, seller, page):
        body = json.loads(response.body)
        if page == 0:
            for more in range(1, -(-body["count"] // 500)):
                yield scrapy.Request(base + LIST % (seller, more), headers=self.head, callback=self.got_list,
                                     cb_kwargs={"seller": seller, "page": more})
        for item in body["items"]:
            yield scrapy.Request(base + DETAIL % item["itemNo"], headers=self.head, callback=self.got_detail,
                                 cb_kwargs={"item": item["itemNo"]})

    def got_detail(self, response, item):
        modules = {module["type"]: module["data"] for module in json.loads(response.body)["moduleList"]}
        info, ship = modules["ProductInfoModule"], modules["ProductDetailInfoModule"]
        seen = {key: info.get(key) for key in ("itemNo", "itemName", "brandName", "brandCode", "normalPrice",
                                               "sellingPrice", "discountPrice", "stock", "isSoldOut")}
        seen["images"] = [url.split("/_dims_/")[0] for url in modules["ProductBannersModule"]["images"]]
        seen["description"] = hashlib.sha256(ship["descriptionMarkUp"].encode()).hexdigest()
        yield scrapy.Request(base + OPTIONS % item, headers=self.head, callback=self.got_options,
                             cb_kwargs={"seen": seen})

    def got_options(self, response, seen):
        seen["options"] = sorted([row["optionNo"], row["color"], row["size"], row["stock"]]
                                 for row in json.loads(response.body))
        text = json.dumps(seen, ensure_ascii=False, sort_keys=True)
        self.out.write(hashlib.sha256(text.encode()).hexdigest() + " " + text + "\n")

    def closed(self, reason):
        self.out.close()


crawl = CrawlerProcess({"LOG_LEVEL": "ERROR"})
crawl.crawl(Spider)
crawl.start()

/* site/paths.h: the addresses on the site (spec: target site). The one header of site/ that the sandbox shares. */
#ifndef KK_SITE_PATHS_H
#define KK_SITE_PATHS_H

#define SITE_HOME_PATH "/"
#define SITE_LIST_PATH "/mustit-api/facade-api/v1/search/mini-shop-search"
#define SITE_DETAIL_PREFIX "/mustit-api/facade-api/v1/item/"
#define SITE_DETAIL_SUFFIX "/detail/top"
#define SITE_OPTIONS_PREFIX "/mustit-api/legacy-api/v1/auction_products/"
#define SITE_OPTIONS_SUFFIX "/options"

#endif

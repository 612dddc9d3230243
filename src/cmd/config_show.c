/* Showing settings: to people without their secrets, and as docs/config.md. */
#include "cmd/config_priv.h"

static bool is_secret_parameter(struct kk_sv name)
{
    static const char *const words[] = {"secret", "token", "password", "passwd", "key", "sig", "auth"};

    for (size_t i = 0; i < KK_COUNT(words); i++) {
        struct kk_sv word = kk_sv_of(words[i]);

        for (size_t at = 0; at + word.len <= name.len; at++)
            if (kk_sv_eq_ci((struct kk_sv){name.ptr + at, word.len}, word))
                return true;
    }
    return false;
}

static void mask_query(struct kk_sv query, struct kk_buf *out)
{
    for (bool is_first = true; query.ptr; is_first = false) {
        struct kk_sv value = kk_sv_cut(&query, '&'), name = kk_sv_cut(&value, '=');

        kk_buf_addc(out, is_first ? '?' : '&');
        kk_buf_add(out, name);
        if (!value.ptr)
            continue;
        kk_buf_addc(out, '=');
        kk_buf_add(out, is_secret_parameter(name) ? KK_SV("***") : value);
    }
}

void config_mask_url(struct kk_sv url, struct kk_buf *out)
{
    struct kk_sv query = url, main = kk_sv_cut(&query, '?');
    size_t host = kk_sv_find(main, KK_SV("://"));

    if (host < main.len) {
        size_t slash = host + 3, at = main.len, colon = main.len;

        while (slash < main.len && main.ptr[slash] != '/')
            slash++;
        for (size_t i = host + 3; i < slash; i++) { /* the last '@' ends the user: a password may hold one */
            if (main.ptr[i] == '@')
                at = i;
            else if (main.ptr[i] == ':' && colon == main.len)
                colon = i;
        }
        if (at < main.len && colon < at) {
            kk_buf_add(out, (struct kk_sv){main.ptr, colon + 1});
            kk_buf_add(out, KK_SV("***"));
            main = (struct kk_sv){main.ptr + at, main.len - at};
        }
    }
    kk_buf_add(out, main);
    mask_query(query, out);
}

void config_show(const struct config *config, enum config_key key, struct kk_buf *out)
{
    const struct config_row *row = config_row(key);
    struct kk_sv text = config_text(config, key);

    if (row->secrecy == CONFIG_SECRET) {
        kk_buf_add(out, text.len ? KK_SV("***") : KK_SV(""));
    } else if (row->type == CONFIG_URL || row->type == CONFIG_URLS) {
        struct kk_sv rest = text, url;

        for (bool is_first = true; (url = config_next_url(&rest)).ptr; is_first = false) {
            if (!is_first)
                kk_buf_addc(out, ',');
            config_mask_url(url, out);
        }
    } else {
        kk_buf_add(out, text);
    }
}

static const char *type_name(enum config_type type)
{
    switch (type) {
    case CONFIG_TEXT:
        return "text";
    case CONFIG_PATH:
        return "path";
    case CONFIG_URL:
        return "URL";
    case CONFIG_URLS:
        return "URLs";
    case CONFIG_DURATION:
        return "duration";
    case CONFIG_SIZE:
        return "size";
    case CONFIG_INT:
        return "number";
    case CONFIG_LEVEL:
        return "level";
    }
    return "";
}

static void print_row(FILE *out, enum config_key key)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf range = KK_BUF(256);
    const struct config_row *row = config_row(key);
    char variable[CONFIG_ENV_BYTES];

    config_env_name(key, variable);
    if (row->type == CONFIG_DURATION || row->type == CONFIG_SIZE || row->type == CONFIG_INT) {
        config_print_number(row, row->min, &range);
        kk_buf_add(&range, KK_SV(" to "));
        config_print_number(row, row->max, &range);
    }
    fprintf(out, "| `%s` | %s%s | %s%s%s | %s | `%s` | %s |\n", row->key, type_name(row->type),
            row->secrecy == CONFIG_SECRET ? ", secret" : "", *row->value ? "`" : "", row->value,
            *row->value ? "`" : "none", kk_buf_cstr(&range), variable, row->meaning);
}

void config_page(FILE *out)
{
    fputs(
        "# Configuration\n\n"
        "Made by `kkachi help --write docs` from the table in `src/cmd/config.h`; edit that.\n\n"
        "A value comes from, in this order, the later winning: its default, the file, the environment, a flag.\n"
        "`kkachi config --origin` shows the values in force and where each comes from. An unknown key or a bad value\n"
        "stops the start, with the place and the nearest valid key.\n\n"
        "- **File**: the first that is there of `--config FILE`, `$KKACHI_CONFIG`, `./kkachi.conf` and\n"
        "  `/etc/kkachi/kkachi.conf`. Lines of `section.key = value`, or `[section]` and then `key = value`; `#` "
        "begins\n"
        "  a comment; a value may stand in double quotes.\n"
        "- **Environment**: the variable in the table; with `_FILE` behind its name it names a file that holds the\n"
        "  value, which is how secrets are given.\n"
        "- **Flags**: `--section.key value`, or `--set section.key=value`, for every command.\n\n"
        "Durations are written `500ms`, `90s`, `10m`, `1h`, `2d`; sizes `512B`, `64KiB`, `16MiB`, `1GiB`. Relative\n"
        "paths are seen from the working directory. A backend is a URL whose scheme chooses the adapter.\n\n"
        "| key | type | default | range | variable | meaning |\n|---|---|---|---|---|---|\n",
        out);
    for (int i = 0; i < CONFIG_KEY_COUNT; i++)
        print_row(out, (enum config_key)i);
    fputs("\n## Example\n\n"
          "```\n"
          "# kkachi.conf\n"
          "site.url = http://127.0.0.1:8630   # a sandbox\n"
          "events.url = file:var/events.ndjson\n"
          "events.url = https://internal.example/hook\n\n"
          "[limiter]\n"
          "gap = 2s\n"
          "```\n",
          out);
}

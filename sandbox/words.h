/* sandbox/words.h: what the shops of the sandbox sell and how they say it. All of it is invented. */
#ifndef SANDBOX_WORDS_H
#define SANDBOX_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct words_brand {
    const char *name, *name_kr;
    int64_t code; /* 0: a brand that has none, as on the real site */
};
#define WORDS_BRANDS 40
extern const struct words_brand words_brand[WORDS_BRANDS];

struct words_header {
    const char *code, *name, *sex; /* sex: the word in item names */
};
#define WORDS_HEADERS 5
#define WORDS_HEADER_UNISEX 4 /* counted under women and men in the facets */
extern const struct words_header words_header[WORDS_HEADERS];

#define WORDS_LARGES 12
#define WORDS_MEDIUMS 5
#define WORDS_SMALLS 3
struct words_large {
    const char *code, *name;
    const char *medium[WORDS_MEDIUMS];
};
extern const struct words_large words_large[WORDS_LARGES];
extern const char *const words_small[WORDS_SMALLS]; /* put in front of the medium's name */

struct words_color {
    const char *name, *code; /* code: imgColorCode in the facets */
};
#define WORDS_COLORS 15
extern const struct words_color words_color[WORDS_COLORS];

#define WORDS_SIZE_ROWS 5
#define WORDS_SIZES 6
extern const char *const words_size[WORDS_SIZE_ROWS][WORDS_SIZES];

#define WORDS_MODELS 16
extern const char *const words_model[WORDS_MODELS];
#define WORDS_ORIGINS 10
extern const char *const words_origin[WORDS_ORIGINS];
#define WORDS_PLACES 8
extern const char *const words_place[WORDS_PLACES];
#define WORDS_PHRASES 10
extern const char *const words_phrase[WORDS_PHRASES];

#endif

/* cmd/progress.h: how far several things are: bars that move on a terminal, plain lines now and then elsewhere. */
#ifndef KK_CMD_PROGRESS_H
#define KK_CMD_PROGRESS_H

#include <stdio.h>

#include "base/bytes.h"
#include "cmd/table.h"

#define PROGRESS_BARS_MAX 64
#define PROGRESS_LABEL_BYTES 65
#define PROGRESS_NOTE_BYTES 96

struct progress_bar {
    char label[PROGRESS_LABEL_BYTES];
    int64_t done, total;            /* total 0: not known yet */
    char note[PROGRESS_NOTE_BYTES]; /* behind the numbers */
    enum table_colour colour;
    bool is_over;
    bool was_told; /* over, and said so in a plain line */
};
struct progress { /* set up by progress_begin(); then change the bars and draw */
    FILE *out;
    bool is_live;
    struct progress_bar bar[PROGRESS_BARS_MAX];
    size_t count;
    size_t drawn;       /* lines on the terminal that are ours */
    int64_t told_at_ms; /* of the last plain lines */
};
void progress_begin(struct progress *progress, FILE *out);
/* Gives the bar; NULL: no more fit. */
struct progress_bar *progress_add(struct progress *progress, const char *label);
/* Draws all bars anew; where there is no terminal, says at most every few seconds how far it is, and once what ended.
 */
void progress_draw(struct progress *progress, int64_t now_ms);
/* The last picture stays; the cursor is below it. */
void progress_end(struct progress *progress, int64_t now_ms);

#endif

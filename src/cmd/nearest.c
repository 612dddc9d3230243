#include "cmd/nearest.h"

#define NEAREST_BYTES 64

static int least(int a, int b)
{
    return a < b ? a : b;
}

int edit_distance(struct kk_sv a, struct kk_sv b)
{
    int rows[3][NEAREST_BYTES + 1] = {{0}}; /* the row before the last, the last, this one, in turn */
    size_t a_len = a.len < NEAREST_BYTES ? a.len : NEAREST_BYTES;
    size_t b_len = b.len < NEAREST_BYTES ? b.len : NEAREST_BYTES;

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (int)j;
    for (size_t i = 1; i <= a_len; i++) {
        int *this_row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

        this_row[0] = (int)i;
        for (size_t j = 1; j <= b_len; j++) {
            int change = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);

            this_row[j] = least(change, least(last[j], this_row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1])
                this_row[j] = least(this_row[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void nearest_try(struct nearest *nearest, struct kk_sv typed, const char *name)
{
    int distance = edit_distance(typed, kk_sv_of(name));
    int allowed = (int)strlen(name) / 3;

    if (distance > (allowed < 2 ? 2 : allowed) || distance >= (int)strlen(name))
        return;
    if (!nearest->name || distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}

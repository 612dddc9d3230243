/* cmd/left.h: how long something will take, in words for people: rough, as an estimate is. */
#ifndef KK_CMD_LEFT_H
#define KK_CMD_LEFT_H

#include <stdint.h>

#define LEFT_BYTES 24

/* "12 s", "5 min", "3 h 20 min", "2 d 4 h"; below 0: "?". */
void left_print(int64_t ms, char ret[LEFT_BYTES]);

#endif

/* support/line.h: a line to a TCP server that breaks at a chosen message. */
#ifndef KK_TESTS_LINE_H
#define KK_TESTS_LINE_H

enum line_fault {
    LINE_WHOLE,
    LINE_BEFORE, /* reset before the message reaches the server */
    LINE_AFTER,  /* the server has it, and its answer never comes */
    LINE_HALF,   /* of the answer only half comes */
    LINE_LATE,   /* our side is reset, and the message reaches the server LINE_LATE_MS later */
};
#define LINE_LATE_MS 300

/* Gives the port of the line. One at a time; line_close() ends it. */
int line_open(int to_port, const char *marked);
/* The next message that holds the mark meets the fault, once. */
void line_break(enum line_fault fault);
/* Refuses new connections, or no more. */
void line_refuse(int is_refused);
void line_close(void);

#endif

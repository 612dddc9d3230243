/* sim/operator.h: people at their commands: each press of a key is a short-lived process of its own. */
#ifndef KK_SIM_OPERATOR_H
#define KK_SIM_OPERATOR_H

#include "sim/proc.h"

void operator_set_up(struct proc *proc);  /* sellers and agents, at the very start */
void operator_press(struct proc *proc);   /* anything at all */
void operator_restore(struct proc *proc); /* everything on, nothing due soon, dead letters back to work */
void operator_crawl_all(struct proc *proc);
const char *operator_seller(const struct sim *sim, int at, char ret[SELLER_ID_BYTES]); /* of the world's sellers */

#endif

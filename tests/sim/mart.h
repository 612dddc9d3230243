/* sim/mart.h: the site and the way to it: sandbox/ without sockets, requests and answers that take time, get lost, are
 * cut and come late. */
#ifndef KK_SIM_MART_H
#define KK_SIM_MART_H

#include "sandbox/sandbox.h"
#include "sim/sim.h"

struct mart *mart_create(struct sim *sim);
void mart_destroy(struct mart *mart);
struct sandbox *mart_sandbox(struct mart *mart);
void mart_move(struct mart *mart);  /* the world makes a change */
void mart_storm(struct mart *mart); /* something goes wrong for a while */
void mart_calm(struct mart *mart);
const char *mart_user_agent(int agent); /* of agent 0, 1, … */

#endif

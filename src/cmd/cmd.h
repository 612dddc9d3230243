/* cmd/cmd.h: the functions behind the rows of commands.c; one file per command. Each gives the exit status. */
#ifndef KK_CMD_CMD_H
#define KK_CMD_CMD_H

#include "cmd/commands.h"

int cmd_demo(struct call *call);
int cmd_up(struct call *call);
int cmd_run(struct call *call);

int cmd_seller_add(struct call *call);
int cmd_seller_set(struct call *call);
int cmd_seller_list(struct call *call);
int cmd_seller_show(struct call *call);
int cmd_seller_pause(struct call *call);
int cmd_seller_resume(struct call *call);
int cmd_seller_disable(struct call *call);

int cmd_crawl(struct call *call);

int cmd_task_list(struct call *call);
int cmd_task_show(struct call *call);
int cmd_task_retry(struct call *call);
int cmd_dead_list(struct call *call);
int cmd_dead_show(struct call *call);
int cmd_dead_retry(struct call *call);

int cmd_agent_add(struct call *call);
int cmd_agent_list(struct call *call);
int cmd_agent_enable(struct call *call);
int cmd_agent_disable(struct call *call);
int cmd_agent_stats(struct call *call);
int cmd_agent_show(struct call *call);
int cmd_agent_forget(struct call *call);

int cmd_product_list(struct call *call);
int cmd_product_show(struct call *call);
int cmd_changes(struct call *call);

int cmd_stats(struct call *call);
int cmd_metrics(struct call *call);
int cmd_top(struct call *call);
int cmd_alert_list(struct call *call);
int cmd_alert_test(struct call *call);
int cmd_alert_rules(struct call *call);

int cmd_why(struct call *call);
int cmd_plan(struct call *call);
int cmd_key_create(struct call *call);
int cmd_key_list(struct call *call);
int cmd_key_revoke(struct call *call);
int cmd_pause(struct call *call);
int cmd_resume(struct call *call);

int cmd_config(struct call *call);
int cmd_doctor(struct call *call);
int cmd_migrate(struct call *call);
int cmd_states(struct call *call);
int cmd_version(struct call *call);
int cmd_help(struct call *call);

#endif

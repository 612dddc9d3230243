#include "cmd/commands.h"

#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/say.h"

#define SELLER_OPTIONS                                                                            \
    {"period", "PERIOD", "time between two crawls: whole hours or days, as in 6h or 1d"},         \
        {"name", "NAME", "what people call the seller"},                                          \
        {"mode", "full|delta",                                                                    \
         "full: every item is looked at in each crawl; delta: only what its list entry changed"}, \
        {"full-every", "DURATION", "in delta mode, each item gets a full look at least this often (7d)"}

// clang-format off
const struct command commands[] = {
    {.words = "demo", .synopsis = "[--dir DIR] [--keep] [--json]",
     .meaning = "sandbox + all roles, a crawl to its end, then changes; shows what happened",
     .details = "Starts a mock of the site and everything else in a folder of its own, registers five sellers, crawls\n"
                "them, lets the shops change, crawls again, and compares what was found and delivered with what the\n"
                "shops really did. Ends with a table, and with status 0 only if the numbers agree.",
     .example = "kkachi demo\nkkachi demo --keep --dir /tmp/demo",
     .traits = COMMAND_JSON | COMMAND_NO_CONFIG, .run = cmd_demo,
     .options = {{"dir", "DIR", "work there instead of in a temporary folder"},
                 {"keep", NULL, "leave it running and the folder in place; Ctrl-C ends it"}}},
    {.words = "up", .synopsis = "", .meaning = "all roles on this machine, as configured",
     .details = "Runs scheduler, relay, worker and janitor in one process until SIGTERM or Ctrl-C. It makes what it\n"
                "needs, puts right what a crash left behind, and refuses a second `kkachi up` on the same folder.",
     .example = "kkachi up\nkkachi up --site.url http://127.0.0.1:8630", .run = cmd_up},
    {.words = "run", .synopsis = "ROLE...", .meaning = "some roles in this process: api scheduler relay worker janitor",
     .details = "For several processes on one store. Nothing is put right at the start while others are running.",
     .example = "kkachi run worker relay", .args_min = 1, .args_max = 8, .run = cmd_run},
    {.words = "sandbox", .synopsis = "[--seed N ...]", .meaning = "the mock MustIt",
     .example = "kkachi sandbox --seed 1\nkkachi sandbox --help",
     .traits = COMMAND_OWN_ARGS | COMMAND_NO_CONFIG, .run_raw = cmd_sandbox},

    {.words = "seller add", .synopsis = "SELLER --period PERIOD [--name NAME] [--mode full|delta]",
     .meaning = "registers a seller under the id that MustIt gave it",
     .details = "It is due at once: a running `kkachi up` begins its first crawl within a second.",
     .example = "kkachi seller add luxmaison --period 6h --name '럭스메종'",
     .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_seller_add, .options = {SELLER_OPTIONS}},
    {.words = "seller set", .synopsis = "SELLER [--period PERIOD] [--name NAME] [--mode full|delta]",
     .meaning = "changes a seller; a changed period holds from the very next crawl",
     .example = "kkachi seller set luxmaison --period 1d",
     .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_seller_set, .options = {SELLER_OPTIONS}},
    {.words = "seller list", .synopsis = "", .meaning = "all sellers, when they are due and how the last crawl ended",
     .example = "kkachi seller list", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_seller_list},
    {.words = "seller show", .synopsis = "SELLER", .meaning = "one seller with its last crawls",
     .example = "kkachi seller show luxmaison", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_seller_show},
    {.words = "seller pause", .synopsis = "SELLER", .meaning = "no request for it starts until it is resumed",
     .example = "kkachi seller pause luxmaison", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_seller_pause},
    {.words = "seller resume", .synopsis = "SELLER", .meaning = "puts a paused or disabled seller back to work",
     .example = "kkachi seller resume luxmaison", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_seller_resume},
    {.words = "seller disable", .synopsis = "SELLER", .meaning = "takes a seller out of service; its data stays",
     .example = "kkachi seller disable luxmaison", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_seller_disable},

    {.words = "crawl", .synopsis = "SELLER... [--wait]", .meaning = "starts a crawl now",
     .details = "A crawl that is under way is not started twice. With --wait a bar shows each seller's progress, and\n"
                "the status is 1 when a crawl ended incomplete or left dead letters.",
     .example = "kkachi crawl luxmaison --wait", .traits = COMMAND_JSON, .args_min = 1, .args_max = COMMAND_ARGS_MAX,
     .run = cmd_crawl,
     .options = {{"wait", NULL, "stay until the crawls have ended"},
                 {"timeout", "DURATION", "with --wait: give up after so long, with status 1"}}},

    {.words = "task list", .synopsis = "[--seller SELLER] [--state STATE] [--kind KIND] [--run RUN]",
     .meaning = "tasks with their states", .example = "kkachi task list --seller luxmaison --state RETRY",
     .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_task_list,
     .options = {{"seller", "SELLER", "only of this seller"},
                 {"state", "STATE", "WAITING, PUBLISHED, RUNNING, SUCCESS, FAILED, TIMEOUT or RETRY"},
                 {"kind", "KIND", "list, detail or options"},
                 {"run", "RUN", "only of this crawl"},
                 {"after", "ID", "only tasks with a larger id: the next page"}}},
    {.words = "task show", .synopsis = "ID", .meaning = "one task with its failed attempts",
     .example = "kkachi task show 4711", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_task_show},
    {.words = "task retry", .synopsis = "ID", .meaning = "sends a dead letter back to work",
     .example = "kkachi task retry 4711", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_task_retry},
    {.words = "dead list", .synopsis = "[--seller SELLER]", .meaning = "tasks that failed for good, with the reason",
     .example = "kkachi dead list", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_dead_list,
     .options = {{"seller", "SELLER", "only of this seller"}, {"after", "ID", "only tasks with a larger id"}}},
    {.words = "dead show", .synopsis = "ID", .meaning = "a dead letter with its attempts and the last answer",
     .example = "kkachi dead show 4711", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_dead_show,
     .options = {{"raw", NULL, "print the archived answer, where there is one"}}},
    {.words = "dead retry", .synopsis = "ID | --all [--seller SELLER]", .meaning = "sends dead letters back to work",
     .example = "kkachi dead retry --all --seller luxmaison", .traits = COMMAND_JSON, .args_max = 1,
     .run = cmd_dead_retry,
     .options = {{"all", NULL, "every one"}, {"seller", "SELLER", "with --all: only of this seller"}}},

    {.words = "agent add", .synopsis = "'USER-AGENT' [--name NAME] | --file LIST",
     .meaning = "registers user agents to ask the site with",
     .details = "A list has one user-agent string a line, where '#' begins a comment; or it is a JSON array of strings or of\n"
                "{\"name\", \"userAgent\"}. Strings that are known are passed over; one that is alike but for case and\n"
                "blanks is refused. share/kkachi/agents.txt is a list to begin with.\n"
                "Each agent may send 80 requests an hour.",
     .example = "kkachi agent add 'Mozilla/5.0 (Linux; Android 14; SM-S928N) ...' --name galaxy-1\n"
                "kkachi agent add --file agents.txt",
     .traits = COMMAND_JSON, .args_max = 1, .run = cmd_agent_add,
     .options = {{"name", "NAME", "what people call it; else agent-1, agent-2, ..."},
                 {"file", "LIST", "a file with one string a line; - is standard input"}}},
    {.words = "agent list", .synopsis = "", .meaning = "all agents with their states and tokens left",
     .example = "kkachi agent list", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_agent_list},
    {.words = "agent enable", .synopsis = "ID|NAME", .meaning = "ends an agent's rest",
     .example = "kkachi agent enable galaxy-1", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_agent_enable},
    {.words = "agent disable", .synopsis = "ID|NAME", .meaning = "drops its token; it sends nothing until enabled",
     .example = "kkachi agent disable galaxy-1", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1,
     .run = cmd_agent_disable},
    {.words = "agent stats", .synopsis = "", .meaning = "success and 429 rates of each agent: ever, today and over 7 days",
     .example = "kkachi agent stats", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_agent_stats},
    {.words = "agent show", .synopsis = "ID|NAME", .meaning = "one agent with its last moves between states",
     .example = "kkachi agent show galaxy-1", .traits = COMMAND_JSON | COMMAND_LIMIT, .args_min = 1, .args_max = 1,
     .run = cmd_agent_show},
    {.words = "agent forget", .synopsis = "", .meaning = "drops every agent's token, where the key to them is lost",
     .details = "The agents ask the site for new ones, and the next worker's key counts. Stop the workers first.",
     .example = "kkachi agent forget", .traits = COMMAND_JSON, .run = cmd_agent_forget},

    {.words = "product list", .synopsis = "[--seller SELLER] [--status STATUS]", .meaning = "products as stored",
     .example = "kkachi product list --seller luxmaison --json", .traits = COMMAND_JSON | COMMAND_LIMIT,
     .run = cmd_product_list,
     .options = {{"seller", "SELLER", "only of this seller"},
                 {"status", "STATUS", "ON_SALE, SOLD_OUT or REMOVED"},
                 {"after", "ITEM", "only items with a larger number: the next page"}}},
    {.words = "product show", .synopsis = "ITEM [--history] [--raw]", .meaning = "one product, its versions, its source",
     .example = "kkachi product show 117757690 --history", .traits = COMMAND_JSON | COMMAND_LIMIT, .args_min = 1,
     .args_max = 1, .run = cmd_product_show,
     .options = {{"history", NULL, "every version with what changed"},
                 {"raw", NULL, "the site's own answers behind the present version, from the archive"}}},
    {.words = "changes", .synopsis = "[--seller SELLER] [--item ITEM] [--after N] [--follow]",
     .meaning = "what changed, oldest first", .example = "kkachi changes --follow\nkkachi changes --after 1200 --json",
     .details = "With --follow it goes on as changes come; with --json too, one JSON object a line.",
     .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_changes,
     .options = {{"seller", "SELLER", "only of this seller"},
                 {"item", "ITEM", "only of this item"},
                 {"after", "N", "only changes with a larger number"},
                 {"follow", NULL, "stay and show what comes"}}},

    {.words = "why", .synopsis = "ITEM|SELLER", .meaning = "when and why it was (not) crawled, changed, told",
     .details = "What it waits for now and until when; when it was looked at and what came of it; its last versions, with\n"
                "the crawl and the trace id that brought each about; to whom each was told, and with what answer.",
     .example = "kkachi why 117757690\nkkachi why luxmaison --json", .traits = COMMAND_JSON, .args_min = 1,
     .args_max = 1, .run = cmd_why},

    {.words = "stats", .synopsis = "[--by day|seller|endpoint|agent] [--from DAY] [--to DAY]",
     .meaning = "requests, success, 429s, failures, changes and latency, counted",
     .details = "Days are UTC. Without --from the last 30 days. OK is the share of requests that brought what was asked\n"
                "for; SCHEMA counts replies without the known shape. --json has more: every cause, rates, latency\n"
                "buckets.",
     .example = "kkachi stats\nkkachi stats --by seller --from 2026-11-01 --to 2026-11-30",
     .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_stats,
     .options = {{"by", "WHAT", "day (as without), seller, endpoint or agent"},
                 {"from", "DAY", "the first day, as in 2026-11-01"},
                 {"to", "DAY", "the last day; today"}}},

    {.words = "metrics", .synopsis = "[--format FORMAT]", .meaning = "how things stand, as text for Prometheus",
     .details = "The same text as GET /metrics, for a machine without the API or for a textfile collector.",
     .example = "kkachi metrics\nkkachi metrics --format emf", .run = cmd_metrics,
     .options = {{"format", "FORMAT", "prometheus (as without), openmetrics, or emf for CloudWatch"}}},

    {.words = "plan", .synopsis = "[--agents N] [--sellers N --items N --period PERIOD] [--mode full|delta]",
     .meaning = "how many agents, hours and requests a set of sellers needs",
     .details = "For the active sellers with the items of their last crawl, or for numbers; every option is a what-if. A\n"
                "crawl's duration is that of the seller alone on all agents, beginning with full buckets.",
     .example = "kkachi plan\nkkachi plan --agents 50 --mode delta\nkkachi plan --sellers 20 --items 1500 --period 6h",
     .traits = COMMAND_JSON, .run = cmd_plan,
     .options = {{"agents", "N", "as if there were so many agents"},
                 {"sellers", "N", "so many sellers, none of those registered"},
                 {"items", "N", "as if each seller had so many items"},
                 {"period", "PERIOD", "as if each seller had this period, as 6h or 1d"},
                 {"mode", "MODE", "as if each seller were crawled so: full or delta"},
                 {"changed", "PERCENT", "delta: items that change from one crawl to the next; 5"}}},
    {.words = "key create", .synopsis = "--role ROLE --name NAME [--expires DURATION]",
     .meaning = "makes a key for the HTTP API, and shows it once",
     .details = "viewer reads; trigger may start crawls too; operator may change sellers and send dead letters back;\n"
                "admin may revoke keys and read the audit. Only a hash of the key is stored.",
     .example = "kkachi key create --role trigger --name EventBridge\nkkachi key create --role admin --name me --expires 90d",
     .traits = COMMAND_JSON, .run = cmd_key_create,
     .options = {{"role", "viewer|trigger|operator|admin", "what it may do"},
                 {"name", "NAME", "whose it is"},
                 {"expires", "DURATION", "how long it is good; else until it is revoked"}}},
    {.words = "key list", .synopsis = "", .meaning = "all keys, when they were used last and until when they are good",
     .example = "kkachi key list", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_key_list},
    {.words = "key revoke", .synopsis = "ID", .meaning = "a key is good no longer, at once",
     .example = "kkachi key revoke 3", .traits = COMMAND_JSON, .args_min = 1, .args_max = 1, .run = cmd_key_revoke},
    {.words = "top", .synopsis = "[--every DURATION]", .meaning = "everything at a glance, again and again until Ctrl-C",
     .details = "Agents and their budget, tasks, requests, what waits, alerts, and each crawl under way with the time it\n"
                "will take by the budget there is now. Once with --json, or where the output is no terminal.",
     .example = "kkachi top\nkkachi top --every 10s\nkkachi top --json", .traits = COMMAND_JSON, .run = cmd_top,
     .options = {{"every", "DURATION", "between two looks; 2s"}}},
    {.words = "alert list", .synopsis = "", .meaning = "what people are told of, and what is wrong now",
     .details = "pending: it is so, but not for long enough. docs/alerts.md has a section for each.",
     .example = "kkachi alert list", .traits = COMMAND_JSON | COMMAND_LIMIT, .run = cmd_alert_list},
    {.words = "alert test", .synopsis = "", .meaning = "sends a message that says it is only a test",
     .details = "To every place that alerts go to (alert.slack, alert.webhook), by the way that alerts go; waits up to\n"
                "20 s until each took or refused it, and fails where one has not taken it.", .example = "kkachi alert test",
     .traits = COMMAND_JSON, .run = cmd_alert_test},
    {.words = "alert rules", .synopsis = "", .meaning = "prints the same alerts as rules for Prometheus",
     .details = "Also kept as deploy/prometheus/kkachi.rules.yml.", .example = "kkachi alert rules > kkachi.rules.yml",
     .traits = COMMAND_NO_CONFIG, .run = cmd_alert_rules},

    {.words = "pause", .synopsis = "[--reason TEXT | --show]", .meaning = "stops all requests to the site, on every machine",
     .example = "kkachi pause --reason 'the site asked us to'\nkkachi pause --show", .traits = COMMAND_JSON, .run = cmd_pause,
     .options = {{"reason", "TEXT", "kept and shown to others"},
                 {"why", "TEXT", "the same"},
                 {"show", NULL, "change nothing: are requests stopped, since when, by whom and why"}}},
    {.words = "resume", .synopsis = "", .meaning = "lets requests go on", .example = "kkachi resume",
     .traits = COMMAND_JSON, .run = cmd_resume},

    {.words = "config", .synopsis = "[--origin]", .meaning = "the configuration in force",
     .details = "Secrets and passwords are shown as ***. docs/config.md explains every key.",
     .example = "kkachi config --origin\nKKACHI_SITE_RATE=5 kkachi config --json", .traits = COMMAND_JSON,
     .run = cmd_config, .options = {{"origin", NULL, "where each value comes from"}}},
    {.words = "doctor", .synopsis = "[--create]",
     .meaning = "checks configuration and every backend, says what to do",
     .example = "kkachi doctor\nkkachi doctor --create", .traits = COMMAND_JSON, .run = cmd_doctor,
     .options = {{"create", NULL, "first make the queues, the bucket and the schedule group that are missing at AWS"}}},
    {.words = "migrate", .synopsis = "", .meaning = "brings the database to this program's schema",
     .details = "The embedded store is migrated by every command by itself.", .example = "kkachi migrate",
     .traits = COMMAND_JSON, .run = cmd_migrate},
    {.words = "states", .synopsis = "[--write DIR]", .meaning = "the state tables as Mermaid diagrams",
     .example = "kkachi states\nkkachi states --write docs", .traits = COMMAND_NO_CONFIG, .run = cmd_states,
     .options = {{"write", "DIR", "write DIR/states/*.mmd"}}},
    {.words = "version", .synopsis = "", .meaning = "the program's version", .example = "kkachi version",
     .traits = COMMAND_NO_CONFIG | COMMAND_JSON, .run = cmd_version},
    {.words = "help", .synopsis = "[COMMAND...]", .meaning = "what there is, and how to use it",
     .example = "kkachi help seller add", .traits = COMMAND_NO_CONFIG, .args_max = 2, .run = cmd_help,
     .options = {{"write", "DIR", "write the pages made from the program's tables below DIR"}}},
    {.words = NULL},
};
// clang-format on

extern char **environ;

static int run(struct call *call)
{
    const struct config_sources sources = {
        .file = call->config_file,
        .environment = environ,
        .candidates = config_candidates,
        .flags = call->flag,
        .flag_count = call->flag_count,
    };
    struct kk_err err = {0};

    if (call->is_help) {
        help_command(call->command, stdout);
        return EXIT_DONE;
    }
    if (!(call->command->traits & COMMAND_NO_CONFIG) && config_load(&call->config, &sources, &err))
        return say_failure(&err);
    return call->command->run(call);
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int commands_main(int argc, char **argv)
{
    struct call call = {.out = stdout};
    struct kk_err err = {0};
    int words = 0, status;

    if (argc < 2) {
        help_overview(stdout);
        return EXIT_USAGE;
    }
    if (asks_for_help(argv[1])) {
        help_overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0)
        argv[1] += 2;
    if (argc == 3 && asks_for_help(argv[2]) && help_group(argv[1], stdout))
        return EXIT_DONE;

    const struct command *command = args_command(commands, argc - 1, argv + 1, &words, &err);

    if (!command)
        return say_failure(&err);
    if (command->traits & COMMAND_OWN_ARGS)
        return command->run_raw(argc - words, argv + words);
    status = args_read(command, argc - 1 - words, argv + 1 + words, &call, &err) ? say_failure(&err) : run(&call);
    call_done(&call);
    return status;
}

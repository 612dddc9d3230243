/* kkachi migrate: the database to this program's schema. */
#include "cmd/cmd.h"
#include "cmd/office.h"

int cmd_migrate(struct call *call)
{
    KK_CLEANUP(wire_close) struct wire office = {0};
    int status = office_open(&office, call, WIRE_STORE);

    if (status)
        return status;
    if (call->is_json)
        fprintf(call->out, "{\"from\":%d,\"to\":%d}\n", office.schema_from, office.schema_to);
    else if (office.schema_from == office.schema_to)
        fprintf(call->out, "The database has schema %d already; nothing to do.\n", office.schema_to);
    else
        fprintf(call->out, "The database went from schema %d to %d.\n", office.schema_from, office.schema_to);
    return EXIT_DONE;
}

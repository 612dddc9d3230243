"""Signs the requests of a file, a JSON object a line, with botocore, and compares with what is there."""
import datetime
import json
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

botocore.auth.get_current_datetime = lambda *_, **__: datetime.datetime(2026, 11, 28, 8, 0, 0)


def sign(row):
    path = quote(row["path"], safe="/-_.~")
    request = AWSRequest(method=row["method"], url=f"http://{row['host']}{path}", params=dict(row["query"]),
                         data=row["body"].encode(), headers=dict(row["headers"]))
    keys = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", row["token"] or None)
    kind = botocore.auth.S3SigV4Auth if row["service"] == "s3" else botocore.auth.SigV4Auth
    kind(keys, row["service"], row["region"]).add_auth(request)
    return request.headers


def main():
    count = 0
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            ours = dict(line.split(": ", 1) for line in row["our_headers"].splitlines())
            ours = {name.lower(): value for name, value in ours.items()}
            theirs = {name.lower(): value for name, value in sign(row).items()}
            for name in ("authorization", "x-amz-date", "x-amz-security-token"):
                if ours.get(name) != theirs.get(name):
                    print(f"{name} differs:\n  ours   {ours.get(name)}\n  theirs {theirs.get(name)}\n  of {row}")
                    return 1
            assert row["our_target"].split("?")[0] == quote(row["path"], safe="/-_.~"), row
            count += 1
    print(f"{count} signatures are the same")
    return 0 if count else 1


sys.exit(main())

"""The index template knows every field that the log writes, and the saved searches ask for events and fields there are."""

import glob
import json
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def logged():
    """field → whether it is a number, from the sources."""
    fields = {"error_code": False, "error": False}
    for path in glob.glob(os.path.join(ROOT, "src", "**", "*.[ch]"), recursive=True):
        for kind, key in re.findall(r'\bKK_(NUM|CSTR|STR)\("([a-z_0-9]+)"', read(path)):
            assert fields.setdefault(key, kind == "NUM") == (kind == "NUM"), f"{key} is a number here and a text there"
    return fields


def properties():
    return json.loads(read("deploy", "opensearch", "index-template.json"))["template"]["mappings"]["properties"]


def test_every_field_of_the_log_has_its_type():
    known = properties()
    wanted = {key: "long" if is_number else "text" if key in ("error", "detail") else "keyword"
              for key, is_number in logged().items()}
    wanted |= {"at": "date", "level": "keyword", "event": "keyword"}
    assert set(known) <= set(wanted), "fields that nothing logs any more"
    # A field that is not named there gets the same type by the template's dynamic part.
    assert {key: row["type"] for key, row in known.items()} == {key: wanted[key] for key in known}


def test_saved_objects_name_what_is_there():
    objects = [json.loads(line) for line in read("deploy", "opensearch", "saved-objects.ndjson").splitlines()]
    events = re.findall(r'^ *X\([A-Z_]+, *"([a-z.]+)"', read("src", "base", "events.h"), re.MULTILINE)
    ids = {(row["type"], row["id"]) for row in objects}
    pattern = next(row for row in objects if row["type"] == "index-pattern")
    assert pattern["attributes"]["title"] in json.loads(read("deploy", "opensearch", "index-template.json"))["index_patterns"]
    assert properties()[pattern["attributes"]["timeFieldName"]]["type"] == "date"
    for row in objects:
        assert all((reference["type"], reference["id"]) in ids for reference in row["references"])
        if row["type"] != "search":
            continue
        assert set(row["attributes"]["columns"]) <= set(properties())
        source = json.loads(row["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        assert source["indexRefName"] in {reference["name"] for reference in row["references"]}
        field, _, values = source["query"]["query"].partition(": ")
        assert field in properties()
        for value in values.strip("()").split(" or "):
            if field == "event":
                assert any(re.fullmatch(value.replace(".", r"\.").replace("*", ".*"), event) for event in events), value
            else:
                assert value in ("debug", "info", "warn", "error")

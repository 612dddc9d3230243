"""tools/check-includes: a small tree with one fault each, and the sentence that names it."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

GOOD = {
    "src/base/bytes.h": "#include <stddef.h>\n",
    "src/base/bytes.c": '#include "base/bytes.h"\n#include <string.h>\n',
    "src/core/task.h": '#include "base/bytes.h"\n',
    "src/core/task.c": '#include "core/task.h"\n\n#include <stdlib.h>\n',
    "src/site/endpoint.h": '#include "base/bytes.h"\n',
    "src/site/parse.h": '#include "core/task.h"\n',
    "src/ports/store.h": '#include "core/task.h"\n',
    "src/app/work.c": '#include "ports/store.h"\n#include "site/parse.h"\n',
    "src/adapters/store/store_sql.c": '#include "ports/store.h"\n#include <sqlite3.h>\n#include <unistd.h>\n',
    "src/cmd/main.c": '#include "app/work.h"\n#include "adapters/store/store_sql.h"\n#include "sandbox/world.h"\n',
    "sandbox/world.c": '#include "sandbox/world.h"\n#include "site/endpoint.h"\n#include <microhttpd.h>\n',
    "sandbox/world.h": '#include "base/bytes.h"\n',
}

FAULTS = [
    ("src/core/task.c", '#include "core/task.h"\n#include "ports/store.h"\n', 2, "core/ may not include ports/"),
    ("src/site/parse.c", '#include "site/parse.h"\n#include "app/work.h"\n', 2, "site/ may not include app/"),
    ("src/app/work.c", '#include "adapters/store/store_sql.h"\n', 1, "app/ may not include adapters/"),
    ("src/adapters/a.c", '#include "app/app.h"\n', 1, "adapters/ may not include app/"),
    ("src/adapters/a.c", '#include "site/endpoint.h"\n', 1, "adapters/ may not include site/"),
    ("src/core/task.c", '#include "core/task.h"\n#include <time.h>\n', 2, "core/ may not include <time.h>"),
    ("src/core/task.c", '#include "core/task.h"\n#include <sqlite3.h>\n', 2, "core/ may not include <sqlite3.h>"),
    ("src/base/bytes.c", '#include "base/bytes.h"\n#include <yyjson.h>\n', 2, "base/ may not include <yyjson.h>"),
    ("src/adapters/a.c", "#include <sqlite3.h>\n#include <curl/curl.h>\n", 2, "one library each"),
    ("src/adapters/a.c", "#include <microhttpd.h>\n", 1, "libmicrohttpd belongs elsewhere"),
    ("sandbox/world.c", '#include "sandbox/world.h"\n#include "site/parse.h"\n', 2, "sandbox/ may share only"),
    ("sandbox/world.c", '#include "sandbox/world.h"\n#include "core/task.h"\n', 2, "sandbox/ may not include core/"),
    ("src/core/task.c", '#include "task.h"\n', 1, "is not written from src/"),
    ("src/core/task.c", '#include "base/bytes.h"\n#include "core/task.h"\n', 1, "the first include is its own header"),
    ("src/core/task.c", '#include "core/task.h"\nlong f(void) { return time(0); }\n', 2, "may not call time()"),
    ("src/app/work.c", "void f(void)\n{\n    sleep(1);\n}\n", 3, "may not call sleep()"),
    ("src/extra/a.c", "\n", 1, "in no row of the table"),
    ("src/base/bytes.h", '#include "base/err.h"\n', 1, "a cycle: base/bytes.h -> base/err.h -> base/bytes.h"),
]


@pytest.fixture
def tree(tmp_path):
    for path, text in GOOD.items():
        write(tmp_path, path, text)
    (tmp_path / "tools").mkdir()
    shutil.copy(os.path.join(ROOT, "tools", "check-includes"), tmp_path / "tools")
    return tmp_path


def write(tree, path, text):
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)


def check(tree):
    done = subprocess.run([tree / "tools" / "check-includes"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_a_tree_that_keeps_the_rules_passes_in_silence(tree):
    assert check(tree) == (0, "")


@pytest.mark.parametrize("path,text,line,sentence", FAULTS, ids=[fault[3] for fault in FAULTS])
def test_a_fault_is_named_with_file_and_line(tree, path, text, line, sentence):
    if "cycle" in sentence:
        write(tree, "src/base/err.h", '#include "base/bytes.h"\n')
    write(tree, path, text)
    status, output = check(tree)
    assert status == 1
    assert any(row.startswith(f"{path}:{line}: ") and sentence in row for row in output.splitlines()) or \
        ("cycle" in sentence and "a cycle: " in output), output


def test_words_in_comments_strings_and_members_are_no_calls(tree):
    write(tree, "src/core/task.c", '#include "core/task.h"\n/* time(0) */\nconst char *s = "sleep(1)";\n'
                                   "int f(struct c *c) { return c->time(c) + c->x.open (c) + wall_time(c); }\n")
    assert check(tree) == (0, "")

"""base/banned.h: what it bans does not compile, and it stands before any library's header."""

import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BANNED = os.path.join(ROOT, "src", "base", "banned.h")
CALLS = {
    "strcpy": "strcpy(a, b)", "strcat": "strcat(a, b)", "strncpy": "strncpy(a, b, 1)", "strncat": "strncat(a, b, 1)",
    "sprintf": 'sprintf(a, "%s", b)', "strtok": "strtok(a, b)", "strtok_r": "strtok_r(a, b, &a)",
    "atoi": "(void)atoi(b)", "atol": "(void)atol(b)", "atof": "(void)atof(b)", "localtime": "(void)localtime(&t)",
    "localtime_r": "localtime_r(&t, &tm)", "gmtime": "(void)gmtime(&t)", "ctime": "(void)ctime(&t)",
    "mktime": "(void)mktime(&tm)", "rand": "(void)rand()", "srand": "srand(1)",
    "mktemp": "mktemp(a)",
}


def compiles(compiler, source, *flags):
    done = subprocess.run([compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-fsyntax-only", "-include",
                           BANNED, "-x", "c", *flags, "-"], input=source, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def function_with(call):
    return f"void f(char *a, const char *b, time_t t, struct tm tm); void f(char *a, const char *b, time_t t, " \
           f"struct tm tm) {{ (void)a; (void)b; (void)t; (void)tm; {call}; }}\n"


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("name", CALLS)
def test_a_banned_call_does_not_compile_and_the_message_names_another(compiler, name):
    ok, message = compiles(compiler, function_with(CALLS[name]))
    assert not ok
    assert re.search(rf"banned_{name}_use_\w+", message), message


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_what_is_not_banned_compiles(compiler):
    ok, message = compiles(compiler, function_with('(void)snprintf(a, 1, "%s", b)'))
    assert ok, message


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_librarys_headers_compile_behind_it(compiler):
    headers = ["curl/curl.h", "sqlite3.h", "zstd.h", "microhttpd.h", "yyjson.h", "utf8proc.h", "openssl/evp.h",
               "openssl/ssl.h", "sys/socket.h", "netdb.h", "poll.h", "sys/epoll.h", "dirent.h", "fcntl.h", "sys/stat.h",
               "sys/wait.h", "termios.h", "pthread.h", "setjmp.h", "cmocka.h"]
    ok, message = compiles(compiler, "".join(f"#include <{header}>\n" for header in headers) + "int unused;\n")
    assert ok, message

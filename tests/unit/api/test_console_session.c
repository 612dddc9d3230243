#include "api/console_session.h"

#include "support/check.h"

static struct kk_rng_seeded seed;
static struct sessions sessions;
static struct kk_rng rng;

static int begin(void **state)
{
    (void)state;
    sessions = (struct sessions){0};
    rng = kk_rng_from_seed(&seed, 7);
    return 0;
}

static void a_session_is_found_by_its_whole_text_and_by_nothing_else(void **state)
{
    char text[SESSION_TEXT_BYTES], other[SESSION_TEXT_BYTES];

    (void)state;
    session_open(&sessions, 3, &rng, 100, text);
    session_open(&sessions, 4, &rng, 100, other);
    CHECK_EQ(strlen(text), SESSION_TEXT_BYTES - 1);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), 101), 3);
    CHECK_EQ(session_find(&sessions, kk_sv_of(other), 101), 4);
    CHECK_EQ(session_find(&sessions, KK_SV(""), 101), 0);
    CHECK_EQ(session_find(&sessions, (struct kk_sv){text, SESSION_TEXT_BYTES - 2}, 101), 0);
    text[0] = text[0] == '0' ? '1' : '0';
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), 101), 0);
}

static void a_session_ends_when_it_is_closed_and_no_other_does(void **state)
{
    char text[SESSION_TEXT_BYTES], other[SESSION_TEXT_BYTES];

    (void)state;
    session_open(&sessions, 3, &rng, 100, text);
    session_open(&sessions, 3, &rng, 100, other);
    session_close(&sessions, kk_sv_of(text));
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), 101), 0);
    CHECK_EQ(session_find(&sessions, kk_sv_of(other), 101), 3);
}

static void a_session_ends_when_it_rests_too_long_and_use_does_not_keep_it_for_ever(void **state)
{
    char text[SESSION_TEXT_BYTES];
    int64_t now_ms = 0;

    (void)state;
    session_open(&sessions, 3, &rng, now_ms, text);
    while (now_ms + SESSION_IDLE_MS - 1 < SESSION_LIFE_MS) {
        now_ms += SESSION_IDLE_MS - 1;
        CHECK_EQ(session_find(&sessions, kk_sv_of(text), now_ms), 3);
    }
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), SESSION_LIFE_MS), 0);
    session_open(&sessions, 3, &rng, now_ms, text);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), now_ms + SESSION_IDLE_MS), 0);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text), now_ms + 1), 0);
}

static void one_more_than_there_is_room_for_costs_the_one_unused_for_longest(void **state)
{
    static char text[SESSIONS_MAX + 1][SESSION_TEXT_BYTES];

    (void)state;
    for (int i = 0; i < SESSIONS_MAX; i++)
        session_open(&sessions, i + 1, &rng, i, text[i]);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text[0]), SESSIONS_MAX), 1); /* used just now */
    session_open(&sessions, SESSIONS_MAX + 1, &rng, SESSIONS_MAX, text[SESSIONS_MAX]);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text[0]), SESSIONS_MAX), 1);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text[1]), SESSIONS_MAX), 0);
    CHECK_EQ(session_find(&sessions, kk_sv_of(text[SESSIONS_MAX]), SESSIONS_MAX), SESSIONS_MAX + 1);
}

static void the_token_against_forgery_belongs_to_one_session(void **state)
{
    char text[SESSION_TEXT_BYTES], other[SESSION_TEXT_BYTES], csrf[SESSION_TEXT_BYTES];

    (void)state;
    session_open(&sessions, 3, &rng, 0, text);
    session_open(&sessions, 3, &rng, 0, other);
    session_csrf(kk_sv_of(text), csrf);
    CHECK(session_csrf_is(kk_sv_of(text), kk_sv_of(csrf)));
    CHECK(!session_csrf_is(kk_sv_of(other), kk_sv_of(csrf)));
    CHECK(!session_csrf_is(kk_sv_of(text), KK_SV("")));
    CHECK(!session_csrf_is(kk_sv_of(text), kk_sv_of(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_session_is_found_by_its_whole_text_and_by_nothing_else, begin),
        cmocka_unit_test_setup(a_session_ends_when_it_is_closed_and_no_other_does, begin),
        cmocka_unit_test_setup(a_session_ends_when_it_rests_too_long_and_use_does_not_keep_it_for_ever, begin),
        cmocka_unit_test_setup(one_more_than_there_is_room_for_costs_the_one_unused_for_longest, begin),
        cmocka_unit_test_setup(the_token_against_forgery_belongs_to_one_session, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* base/banned.h: the build forces this in front of every file. Calls that overrun, hide state or guess at what is not
 * a number do not compile; the message names what to use. The C library's own headers come first, because they declare
 * these names. */
#ifndef KK_BASE_BANNED_H
#define KK_BASE_BANNED_H

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* An undeclared name: both compilers print it, and no -W flag turns it off. */
#undef strcpy
#define strcpy(...) banned_strcpy_use_kk_sv_copy
#undef stpcpy
#define stpcpy(...) banned_stpcpy_use_kk_sv_copy
#undef strcat
#define strcat(...) banned_strcat_use_kk_buf_add
#undef strncpy
#define strncpy(...) banned_strncpy_use_kk_sv_copy
#undef strncat
#define strncat(...) banned_strncat_use_kk_buf_add
#undef sprintf
#define sprintf(...) banned_sprintf_use_kk_buf_addf_or_snprintf
#undef vsprintf
#define vsprintf(...) banned_vsprintf_use_vsnprintf
#undef strtok
#define strtok(...) banned_strtok_use_kk_sv_cut
#undef strtok_r
#define strtok_r(...) banned_strtok_r_use_kk_sv_cut
#undef atoi
#define atoi(...) banned_atoi_use_kk_sv_i64
#undef atol
#define atol(...) banned_atol_use_kk_sv_i64
#undef atoll
#define atoll(...) banned_atoll_use_kk_sv_i64
#undef atof
#define atof(...) banned_atof_use_strtod
#undef localtime
#define localtime(...) banned_localtime_use_kk_time_iso
#undef localtime_r
#define localtime_r(...) banned_localtime_r_use_kk_time_iso
#undef gmtime
#define gmtime(...) banned_gmtime_use_kk_time_iso
#undef ctime
#define ctime(...) banned_ctime_use_kk_time_iso
#undef asctime
#define asctime(...) banned_asctime_use_kk_time_iso
#undef mktime
#define mktime(...) banned_mktime_use_kk_time_from_civil
#undef rand
#define rand(...) banned_rand_use_kk_rng
#undef srand
#define srand(...) banned_srand_use_kk_rng
#undef drand48
#define drand48(...) banned_drand48_use_kk_rng
#undef tmpnam
#define tmpnam(...) banned_tmpnam_use_mkstemp
#undef mktemp
#define mktemp(...) banned_mktemp_use_mkstemp
#undef alloca
#define alloca(...) banned_alloca_use_kk_buf

#endif

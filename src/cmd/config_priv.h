/* cmd/config_priv.h: between the files of the configuration; nobody else includes it. */
#ifndef KK_CMD_CONFIG_PRIV_H
#define KK_CMD_CONFIG_PRIV_H

#include "base/text.h"
#include "cmd/config.h"

/* With KK_SV_FMT: what was typed, cut at a whole character, so that a sentence stays readable and stays UTF-8. */
#define CLIPPED(text) KK_SV_ARG(kk_text_fit((text), 60))

/* Checks text and puts it in place. where names the place for people. */
enum kk_code config_set(struct config *config, enum config_key key, struct kk_sv text, enum config_origin origin,
                        const char *where, struct kk_err *err);
enum kk_code config_unknown(struct kk_sv key, const char *where, struct kk_err *err);

/* The first file of --config, KKACHI_CONFIG and the candidates that is there. */
enum kk_code config_read_files(struct config *config, const struct config_sources *from, struct kk_err *err);
enum kk_code config_parse(struct config *config, struct kk_sv text, const char *name, struct kk_err *err);
enum kk_code config_read_environment(struct config *config, char *const *environment, struct kk_err *err);

/* A number as a person writes it: with its unit. */
void config_print_number(const struct config_row *row, int64_t number, struct kk_buf *out);

#endif

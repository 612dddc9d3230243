/* support/certificate.h: a fresh certificate that nobody trusts, its own authority, good for a day. */
#ifndef KK_TESTS_CERTIFICATE_H
#define KK_TESTS_CERTIFICATE_H

#define TEST_PEM_BYTES 4096

struct test_certificate {
    char key_pem[TEST_PEM_BYTES], pem[TEST_PEM_BYTES];
};

/* san: whom it names, such as "IP:127.0.0.1". */
void test_certificate_make(const char *san, struct test_certificate *ret);

#endif

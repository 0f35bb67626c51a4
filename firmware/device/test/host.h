/* The kinds of host tests; each ends the program at its first fault. */
#ifndef MSEC_TEST_HOST_H
#define MSEC_TEST_HOST_H

void test_sequence(void);
void test_ring(void);
void test_device(void);
void test_attest(void);

#endif

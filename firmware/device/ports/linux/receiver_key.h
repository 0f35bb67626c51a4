/* The receiver's public key, as `msec device receiver` prints it: SubjectPublicKeyInfo of P-256 in PEM. */
#ifndef MSEC_LINUX_RECEIVER_KEY_H
#define MSEC_LINUX_RECEIVER_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/p256.h"

/* What stands before and after the PEM block does not matter. Whether the point lies on the curve, the TPM finds out. */
bool receiver_key_parse(const char *text, size_t length, uint8_t point[P256_POINT_BYTES]);

#endif

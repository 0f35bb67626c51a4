/* What of P-256 remains for the firmware: the TPM does the arithmetic on the curve. */
#ifndef MSEC_CORE_P256_H
#define MSEC_CORE_P256_H

#include <stdint.h>

#define P256_POINT_BYTES 64
#define P256_SIGNATURE_BYTES 64
#define P256_SPKI_BYTES 91
#define KEY_ID_BYTES 8

/* Of r and s, 32 bytes each: puts n - s in the place of an s above (n - 1) / 2; of one signature only the lower is taken. */
void p256_make_low(uint8_t signature[P256_SIGNATURE_BYTES]);

/* The first 8 bytes of the SHA-256 of the SubjectPublicKeyInfo of the point (x, y). */
void p256_key_id(const uint8_t point[P256_POINT_BYTES], uint8_t key_id[KEY_ID_BYTES]);

/* DER before x and y: id-ecPublicKey, prime256v1, an uncompressed point. */
#define P256_SPKI_HEAD_BYTES (P256_SPKI_BYTES - P256_POINT_BYTES)
extern const uint8_t P256_SPKI_HEAD[P256_SPKI_HEAD_BYTES];

#endif

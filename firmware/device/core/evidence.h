/* What a device answers: a quote of its TPM, the values of the quoted PCRs, and the boot log where it is asked for. */
#ifndef MSEC_CORE_EVIDENCE_H
#define MSEC_CORE_EVIDENCE_H

#include "core/boot_log.h"
#include "core/challenge.h"

/* With room for all PCRs of a bank of SHA-256. */
#define EVIDENCE_BYTES_MAX 2048u

/* STATUS_TPM; STATUS_MISSING where there is no attestation key. */
enum status evidence_make(const struct tpm *tpm, const struct challenge *challenge, const struct boot_log *log,
                          uint8_t out[EVIDENCE_BYTES_MAX], size_t *written);

#endif

/*
 * The TPM through tpm2-tss: /dev/tpmrm0, or swtpm for a simulated device. Every command goes in a session that is salted to
 * the storage key and encrypts what the TPM lets be encrypted: the secret of a session is not seen on the bus.
 */
#ifndef MSEC_LINUX_TPM_ESYS_H
#define MSEC_LINUX_TPM_ESYS_H

#include <tss2/tss2_esys.h>

#include "hal/tpm.h"

struct tpm_esys {
  TSS2_TCTI_CONTEXT *tcti;
  ESYS_CONTEXT *esys;
  ESYS_TR storage_key;
  ESYS_TR key;
  /* ESYS_TR_NONE where there is none. */
  ESYS_TR attestation_key;
  ESYS_TR session;
  /* A bit for each PCR that the key is bound to; it is used by its policy then. */
  uint32_t pcrs;
  /* What a signature takes at least: a software TPM is faster than any chip. */
  uint32_t sign_us;
};

/* Keys in the TPM, as `msec device enrol` leaves them; the storage key lies at 0x81000001. */
struct tpm_keys {
  uint32_t own;
  /* 0: none, so that no challenge is answered. */
  uint32_t attestation;
  /* A bit for each PCR that the keys are bound to. */
  uint32_t pcrs;
};

/* STATUS_TPM, with words on standard error. */
enum status tpm_esys_open(struct tpm_esys *port, const char *tcti, const struct tpm_keys *keys, struct tpm *tpm);
void tpm_esys_close(struct tpm_esys *port);

#endif

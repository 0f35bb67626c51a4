#include "ports/linux/tpm_esys.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_sys.h>
#include <tss2/tss2_tctildr.h>

#include "core/hmac.h"

#define STORAGE_KEY_HANDLE 0x81000001u
#define FIELD_BYTES 32u

static enum status said(TSS2_RC code, const char *what) {
  if (code == TSS2_RC_SUCCESS) return STATUS_OK;
  fprintf(stderr, "TPM: %s: %s\n", what, Tss2_RC_Decode(code));
  return STATUS_TPM;
}

/* To the 32 bytes of the field, from the right. */
static bool padded(const TPM2B_ECC_PARAMETER *number, uint8_t out[FIELD_BYTES]) {
  if (number->size > FIELD_BYTES) return false;
  memset(out, 0, FIELD_BYTES);
  memcpy(out + FIELD_BYTES - number->size, number->buffer, number->size);
  return true;
}

static void set_pcrs(TPMS_PCR_SELECTION *into, uint32_t bank, uint32_t pcrs) {
  into->hash = (TPMI_ALG_HASH)bank;
  into->sizeofSelect = 3;
  for (unsigned i = 0; i < 3; i++) into->pcrSelect[i] = (BYTE)(pcrs >> (8 * i));
}

static TPML_PCR_SELECTION selection(uint32_t pcrs) {
  TPML_PCR_SELECTION list = {.count = 1};
  set_pcrs(&list.pcrSelections[0], TPM2_ALG_SHA256, pcrs);
  return list;
}

/*
 * A process that was killed leaves its session in a TPM that nobody restarted and that has no resource manager: of those
 * there is room for three. Whoever is connected is the only one, so that all of them are left over.
 */
static void flush_leftovers(struct tpm_esys *port) {
  TSS2_SYS_CONTEXT *sys = NULL;
  TPMS_CAPABILITY_DATA *data = NULL;
  TPMI_YES_NO more;
  if (Esys_GetSysContext(port->esys, &sys) != TSS2_RC_SUCCESS) return;
  if (Esys_GetCapability(port->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, TPM2_LOADED_SESSION_FIRST,
                         TPM2_MAX_CAP_HANDLES, &more, &data) != TSS2_RC_SUCCESS)
    return;
  for (UINT32 i = 0; i < data->data.handles.count; i++)
    (void)Tss2_Sys_FlushContext(sys, data->data.handles.handle[i]);
  free(data);
}

static TSS2_RC start_session(struct tpm_esys *port, TPM2_SE kind, ESYS_TR *session) {
  const TPMT_SYM_DEF symmetric = {.algorithm = TPM2_ALG_AES, .keyBits = {.aes = 128}, .mode = {.aes = TPM2_ALG_CFB}};
  return Esys_StartAuthSession(port->esys, port->storage_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                               kind, &symmetric, TPM2_ALG_SHA256, session);
}

/* The session for one command on the key: with its policy where it is bound to PCRs. The caller ends one of its own. */
static enum status key_session(struct tpm_esys *port, TPMA_SESSION attributes, ESYS_TR *session) {
  *session = port->session;
  if (port->pcrs != 0) {
    const TPM2B_DIGEST present = {.size = 0};
    const TPML_PCR_SELECTION pcrs = selection(port->pcrs);
    enum status status = said(start_session(port, TPM2_SE_POLICY, session), "a policy session");
    if (status != STATUS_OK) return status;
    status = said(Esys_PolicyPCR(port->esys, *session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &present, &pcrs),
                  "the PCRs' policy");
    if (status != STATUS_OK) return status;
  }
  return said(Esys_TRSess_SetAttributes(port->esys, *session, attributes | TPMA_SESSION_CONTINUESESSION, 0xff),
              "the session");
}

static void end_key_session(struct tpm_esys *port, ESYS_TR session) {
  if (session != port->session && session != ESYS_TR_NONE) (void)Esys_FlushContext(port->esys, session);
}

static enum status esys_public_key(void *port_, uint8_t point[64]) {
  struct tpm_esys *port = port_;
  TPM2B_PUBLIC *public = NULL;
  enum status status = said(
      Esys_ReadPublic(port->esys, port->key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public, NULL, NULL), "the key");
  if (status != STATUS_OK) return status;
  const TPMT_PUBLIC *area = &public->publicArea;
  const bool is_p256 = area->type == TPM2_ALG_ECC && area->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
  if (!is_p256 || !padded(&area->unique.ecc.x, point) || !padded(&area->unique.ecc.y, point + FIELD_BYTES)) {
    fprintf(stderr, "TPM: the key is none of P-256\n");
    status = STATUS_TPM;
  }
  free(public);
  return status;
}

static enum status esys_sign(void *port_, const uint8_t digest[32], uint8_t signature[64]) {
  struct tpm_esys *port = port_;
  TPM2B_DIGEST hash = {.size = 32};
  const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_ECDSA, .details = {.ecdsa = {.hashAlg = TPM2_ALG_SHA256}}};
  const TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
  TPMT_SIGNATURE *made = NULL;
  struct timespec until;
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  const uint64_t until_us = (uint64_t)until.tv_nsec / 1000 + port->sign_us;
  until.tv_sec += (time_t)(until_us / 1000000);
  until.tv_nsec = (long)(until_us % 1000000) * 1000;
  ESYS_TR session = ESYS_TR_NONE;
  memcpy(hash.buffer, digest, 32);
  enum status status = key_session(port, TPMA_SESSION_DECRYPT, &session);
  if (status == STATUS_OK)
    status = said(
        Esys_Sign(port->esys, port->key, session, ESYS_TR_NONE, ESYS_TR_NONE, &hash, &scheme, &ticket, &made), "sign");
  end_key_session(port, session);
  if (status != STATUS_OK) return status;
  if (!padded(&made->signature.ecdsa.signatureR, signature) ||
      !padded(&made->signature.ecdsa.signatureS, signature + FIELD_BYTES))
    status = STATUS_TPM;
  free(made);
  if (port->sign_us > 0) (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  return status;
}

static enum status esys_agree(void *port_, const uint8_t other[64], uint8_t secret[32]) {
  struct tpm_esys *port = port_;
  TPM2B_ECC_POINT point = {.size = 0};
  TPM2B_ECC_POINT *agreed = NULL;
  ESYS_TR session = ESYS_TR_NONE;
  point.point.x.size = point.point.y.size = FIELD_BYTES;
  memcpy(point.point.x.buffer, other, FIELD_BYTES);
  memcpy(point.point.y.buffer, other + FIELD_BYTES, FIELD_BYTES);
  enum status status = key_session(port, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &session);
  if (status == STATUS_OK)
    status = said(Esys_ECDH_ZGen(port->esys, port->key, session, ESYS_TR_NONE, ESYS_TR_NONE, &point, &agreed),
                  "agree on a session's key");
  end_key_session(port, session);
  if (status != STATUS_OK) return status;
  if (!padded(&agreed->point.x, secret)) status = STATUS_TPM;
  wipe(agreed, sizeof *agreed);
  free(agreed);
  return status;
}

static enum status esys_extend(void *port_, uint32_t pcr, const uint8_t digest[32]) {
  struct tpm_esys *port = port_;
  TPML_DIGEST_VALUES values = {.count = 1};
  values.digests[0].hashAlg = TPM2_ALG_SHA256;
  memcpy(values.digests[0].digest.sha256, digest, 32);
  return said(Esys_PCR_Extend(port->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values),
              "extend a PCR");
}

static enum status esys_pcr(void *port_, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX],
                            size_t *length) {
  struct tpm_esys *port = port_;
  TPML_PCR_SELECTION wanted = {.count = 1};
  TPML_DIGEST *values = NULL;
  set_pcrs(&wanted.pcrSelections[0], bank, 1u << pcr);
  enum status status = said(
      Esys_PCR_Read(port->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted, NULL, NULL, &values), "read a PCR");
  if (status != STATUS_OK) return status;
  if (values->count == 0) status = STATUS_NONE;
  else if (values->digests[0].size > TPM_DIGEST_BYTES_MAX) status = STATUS_TPM;
  if (status == STATUS_OK) {
    *length = values->digests[0].size;
    memcpy(value, values->digests[0].buffer, *length);
  }
  free(values);
  return status;
}

/* As they are sent: TPMS_ATTEST, TPMT_SIGNATURE. */
static enum status marshal(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature, struct tpm_quote *quote) {
  size_t at = 0;
  if (attest->size > sizeof quote->attest) return STATUS_TPM;
  memcpy(quote->attest, attest->attestationData, attest->size);
  quote->attest_length = attest->size;
  const enum status status = said(
      Tss2_MU_TPMT_SIGNATURE_Marshal(signature, quote->signature, sizeof quote->signature, &at), "a quote's signature");
  quote->signature_length = at;
  return status;
}

static enum status esys_quote(void *port_, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                              uint32_t bank_count, struct tpm_quote *quote) {
  struct tpm_esys *port = port_;
  TPM2B_DATA qualifying = {.size = (UINT16)nonce_length};
  TPML_PCR_SELECTION wanted = {.count = bank_count};
  const TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL};
  TPM2B_ATTEST *attest = NULL;
  TPMT_SIGNATURE *signature = NULL;
  ESYS_TR session = ESYS_TR_NONE;
  if (port->attestation_key == ESYS_TR_NONE) return STATUS_MISSING;
  if (nonce_length > sizeof qualifying.buffer || bank_count > TPM2_NUM_PCR_BANKS) return STATUS_INVALID;
  memcpy(qualifying.buffer, nonce, nonce_length);
  for (uint32_t i = 0; i < bank_count; i++) set_pcrs(&wanted.pcrSelections[i], banks[i].bank, banks[i].pcrs);
  enum status status = key_session(port, TPMA_SESSION_DECRYPT, &session);
  if (status == STATUS_OK)
    status = said(Esys_Quote(port->esys, port->attestation_key, session, ESYS_TR_NONE, ESYS_TR_NONE, &qualifying, &scheme,
                             &wanted, &attest, &signature),
                  "quote");
  end_key_session(port, session);
  if (status != STATUS_OK) return status;
  status = marshal(attest, signature, quote);
  free(attest);
  free(signature);
  return status;
}

static enum status load(struct tpm_esys *port, uint32_t handle, ESYS_TR *object) {
  char what[64];
  (void)snprintf(what, sizeof what, "the key at 0x%08x", (unsigned)handle);
  return said(Esys_TR_FromTPMPublic(port->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, object), what);
}

enum status tpm_esys_open(struct tpm_esys *port, const char *tcti, const struct tpm_keys *keys, struct tpm *tpm) {
  memset(port, 0, sizeof *port);
  port->session = port->key = port->attestation_key = port->storage_key = ESYS_TR_NONE;
  port->pcrs = keys->pcrs;
  if (said(Tss2_TctiLdr_Initialize(tcti, &port->tcti), tcti) != STATUS_OK) return STATUS_TPM;
  if (said(Esys_Initialize(&port->esys, port->tcti, NULL), tcti) != STATUS_OK) return STATUS_TPM;
  if (load(port, STORAGE_KEY_HANDLE, &port->storage_key) != STATUS_OK) return STATUS_TPM;
  if (load(port, keys->own, &port->key) != STATUS_OK) return STATUS_TPM;
  /* Missing evidence is told and acted on where it is missed: readings go on. */
  if (keys->attestation != 0 && load(port, keys->attestation, &port->attestation_key) != STATUS_OK)
    fprintf(stderr, "TPM: without an attestation key no challenge is answered\n");
  TSS2_RC code = start_session(port, TPM2_SE_HMAC, &port->session);
  if (code == TPM2_RC_SESSION_MEMORY || code == TPM2_RC_SESSION_HANDLES) {
    flush_leftovers(port);
    code = start_session(port, TPM2_SE_HMAC, &port->session);
  }
  if (said(code, "a session") != STATUS_OK) return STATUS_TPM;
  *tpm = (struct tpm){
      .port = port,
      .public_key = esys_public_key,
      .sign = esys_sign,
      .agree = esys_agree,
      .extend = esys_extend,
      .pcr = esys_pcr,
      .quote = esys_quote,
  };
  return STATUS_OK;
}

void tpm_esys_close(struct tpm_esys *port) {
  if (port->esys != NULL) {
    if (port->session != ESYS_TR_NONE) (void)Esys_FlushContext(port->esys, port->session);
    Esys_Finalize(&port->esys);
  }
  if (port->tcti != NULL) Tss2_TctiLdr_Finalize(&port->tcti);
}

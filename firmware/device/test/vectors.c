/*
 * Lets another program drive the core: one request a line on standard input, one answer a line. The TypeScript tests ask it
 * for envelopes and compare them byte for byte with those of schemas/envelope.
 *
 *   frame|unsigned SENDER EPOCH SEQUENCE TIME PAYLOAD SIGNATURE     -> digest envelope
 *   batch SENDER EPOCH SEQUENCE COUNT-MAX SIGNATURE TIME:PAYLOAD …  -> digest envelope
 *   session SENDER EPOCH SEQUENCE TIME PAYLOAD SECRET RECEIVER-KEY-ID START FIRST -> key envelope
 *   sha256 BYTES, hmac KEY BYTES, root LEAF …, key-id POINT, encode-enmon …, encode-nucleo …
 *   challenge BYTES                                         -> what it asks for
 *   evidence CHALLENGE ATTEST SIGNATURE PCR-VALUES MEASURED -> evidence with a log of that digest in PCR 14
 *
 * SENDER is ID/KEY-ID; bytes are hexadecimal digits or "-" for none; TIME is decimal or "-". A refusal is answered "refused".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/envelope.h"
#include "core/evidence.h"
#include "core/generated/enmon_frame.h"
#include "core/generated/nucleo_frame.h"

#define LINE_MAX_BYTES (4u << 20)

static char line[LINE_MAX_BYTES];
static char *cursor;

static const char *word(void) {
  static char NOTHING[] = "";
  char *at = strtok_r(NULL, " ", &cursor);
  return at == NULL ? NOTHING : at;
}

static uint64_t number(void) {
  return strtoull(word(), NULL, 10);
}

/* On the heap, so that AddressSanitizer sees each byte beside it. */
static uint8_t *bytes_of(const char *text, size_t *length) {
  *length = text[0] == '-' ? 0 : strlen(text) / 2;
  uint8_t *bytes = malloc(*length + 1);
  for (size_t i = 0; i < *length; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) exit(2);
    bytes[i] = (uint8_t)byte;
  }
  return bytes;
}

static void print_bytes(const uint8_t *bytes, size_t length) {
  if (length == 0) printf("-");
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

/* The TPM of a vector: its signature is known, and what it was asked to sign is told. */
struct known_signer {
  uint8_t signature[64];
  uint8_t digest[32];
};

static enum status known_sign(void *port, const uint8_t digest[32], uint8_t signature[64]) {
  struct known_signer *signer = port;
  memcpy(signer->digest, digest, sizeof signer->digest);
  memcpy(signature, signer->signature, sizeof signer->signature);
  return STATUS_OK;
}

static void read_signature(struct known_signer *signer, const char *text) {
  size_t length;
  uint8_t *bytes = bytes_of(text, &length);
  memset(signer, 0, sizeof *signer);
  if (length == sizeof signer->signature) memcpy(signer->signature, bytes, length);
  free(bytes);
}

static char sender_id[256];

static void read_sender(struct envelope_sender *sender) {
  char *text = (char *)(uintptr_t)word();
  char *slash = strchr(text, '/');
  size_t length;
  if (slash == NULL || (size_t)(slash - text) >= sizeof sender_id) exit(2);
  memcpy(sender_id, text, (size_t)(slash - text));
  uint8_t *key_id = bytes_of(slash + 1, &length);
  sender->device_id = sender_id;
  sender->device_id_length = (size_t)(slash - text);
  memcpy(sender->key_id, key_id, length < KEY_ID_BYTES ? length : KEY_ID_BYTES);
  free(key_id);
}

static void read_time(struct envelope_frame *frame, const char *text) {
  frame->has_time = text[0] != '-';
  frame->time_ms = frame->has_time ? strtoull(text, NULL, 10) : 0;
}

static void answer(enum status status, const uint8_t *digest, const uint8_t *envelope, size_t written) {
  if (status != STATUS_OK) {
    printf("refused\n");
    return;
  }
  print_bytes(digest, 32);
  printf(" ");
  print_bytes(envelope, written);
  printf("\n");
}

static void one_frame(const char *kind) {
  struct envelope_sender sender;
  struct envelope_frame frame;
  struct known_signer signer;
  size_t written = 0;
  read_sender(&sender);
  frame.boot_epoch = (uint32_t)number();
  frame.sequence = (uint32_t)number();
  read_time(&frame, word());
  uint8_t *payload = bytes_of(word(), &frame.length);
  frame.bytes = payload;
  /* To the byte: a write behind it is seen. */
  const size_t room = ENVELOPE_OVERHEAD_BYTES_MAX + frame.length;
  uint8_t *out = malloc(room);
  if (strcmp(kind, "session") == 0) {
    struct envelope_session session = {.boot_epoch = frame.boot_epoch};
    size_t secret_length, id_length;
    uint8_t key[32];
    uint8_t *secret = bytes_of(word(), &secret_length);
    uint8_t *receiver = bytes_of(word(), &id_length);
    if (secret_length != 32 || id_length != KEY_ID_BYTES) exit(2);
    memcpy(session.receiver_key_id, receiver, KEY_ID_BYTES);
    session.start_ms = number();
    session.first = (uint32_t)number();
    session_key_bytes(&session, &sender, secret, key);
    enum status status = session_open(&session, &sender, secret);
    if (status == STATUS_OK) status = envelope_in_session(&sender, &session, &frame, out, room, &written);
    answer(status, key, out, written);
    free(secret);
    free(receiver);
  } else {
    const struct tpm tpm = {.port = &signer, .sign = known_sign};
    read_signature(&signer, word());
    if (strcmp(kind, "frame") == 0) {
      const enum status status = envelope_signed(&sender, &frame, &tpm, out, room, &written);
      answer(status, signer.digest, out, written);
    } else {
      const enum status status = envelope_unsigned(&sender, &frame, out, room, &written);
      answer(status, signer.digest, out, written);
    }
  }
  free(payload);
  free(out);
}

static void one_batch(void) {
  static uint8_t out[ENVELOPE_OVERHEAD_BYTES_MAX + PAYLOAD_BYTES_MAX];
  struct envelope_batch batch;
  struct envelope_sender sender;
  struct known_signer signer;
  struct envelope_frame frame;
  size_t written = 0;
  enum status status = STATUS_OK;
  read_sender(&sender);
  frame.boot_epoch = (uint32_t)number();
  frame.sequence = (uint32_t)number();
  batch_begin(&batch, &sender, (uint32_t)number(), out, sizeof out);
  read_signature(&signer, word());
  for (;;) {
    char *entry = (char *)(uintptr_t)word();
    char *colon = strchr(entry, ':');
    if (colon == NULL) break;
    *colon = '\0';
    read_time(&frame, entry);
    uint8_t *bytes = bytes_of(colon + 1, &frame.length);
    frame.bytes = bytes;
    if (status == STATUS_OK) status = batch_add(&batch, &frame);
    frame.sequence++;
    free(bytes);
  }
  const struct tpm tpm = {.port = &signer, .sign = known_sign};
  if (status == STATUS_OK) status = batch_end(&batch, &tpm, &written);
  answer(status, signer.digest, out, written);
}

static void one_hash(const char *kind) {
  struct sha256 hash;
  uint8_t digest[32];
  size_t length;
  if (strcmp(kind, "sha256") == 0) {
    uint8_t *bytes = bytes_of(word(), &length);
    sha256_init(&hash);
    /* In two pieces, so that what is held between them is tried, too. */
    sha256_update(&hash, bytes, length / 3);
    sha256_update(&hash, bytes + length / 3, length - length / 3);
    sha256_final(&hash, digest);
    free(bytes);
  } else if (strcmp(kind, "hmac") == 0) {
    struct hmac_key key;
    uint8_t *secret = bytes_of(word(), &length);
    hmac_key_init(&key, secret, length);
    free(secret);
    uint8_t *bytes = bytes_of(word(), &length);
    hmac_begin(&key, &hash);
    sha256_update(&hash, bytes, length);
    hmac_end(&key, &hash, digest);
    free(bytes);
  } else if (strcmp(kind, "root") == 0) {
    struct merkle tree;
    merkle_init(&tree);
    for (const char *leaf = word(); leaf[0] != '\0'; leaf = word()) {
      uint8_t *bytes = bytes_of(leaf, &length);
      merkle_add(&tree, bytes, length / 2, bytes + length / 2, length - length / 2);
      free(bytes);
    }
    merkle_root(&tree, digest);
  } else {
    uint8_t *point = bytes_of(word(), &length);
    p256_key_id(point, digest);
    print_bytes(digest, KEY_ID_BYTES);
    printf("\n");
    free(point);
    return;
  }
  print_bytes(digest, sizeof digest);
  printf("\n");
}

static void copy_digits(char *into, size_t length) {
  const char *text = word();
  memset(into, 'x', length);
  for (size_t i = 0; i < length && text[i] != '\0'; i++) into[i] = text[i];
}

static void one_encoding(const char *kind) {
  if (strcmp(kind, "encode-enmon") == 0) {
    struct enmon_frame frame;
    uint8_t out[ENMON_FRAME_BYTES];
    frame.n_send = (uint32_t)number();
    copy_digits(frame.imei, sizeof frame.imei);
    frame.battery_voltage = (uint16_t)number();
    frame.sonometer = (uint16_t)number();
    frame.temperature = (int16_t)strtol(word(), NULL, 10);
    frame.humidity = (uint16_t)number();
    if (enmon_frame_encode(&frame, out)) print_bytes(out, sizeof out);
    else printf("refused");
  } else {
    struct nucleo_frame frame;
    uint8_t out[NUCLEO_FRAME_BYTES];
    frame.n_send = (uint32_t)number();
    copy_digits(frame.serial, sizeof frame.serial);
    frame.adc = (uint16_t)number();
    frame.supply_voltage = (uint16_t)number();
    frame.temperature = (int16_t)strtol(word(), NULL, 10);
    if (nucleo_frame_encode(&frame, out)) print_bytes(out, sizeof out);
    else printf("refused");
  }
  printf("\n");
}

static void one_challenge(void) {
  struct challenge challenge;
  size_t length;
  uint8_t *bytes = bytes_of(word(), &length);
  if (challenge_parse(bytes, length, &challenge) == STATUS_OK) {
    printf("%" PRIu32 " %d %" PRIu64 " %" PRIu32 " %" PRIu32 " ", challenge.id, challenge.wants_boot_log,
           challenge.issued_ms, challenge.within_ms, challenge.reset_count);
    print_bytes(challenge.nonce, challenge.nonce_length);
    for (uint32_t i = 0; i < challenge.bank_count; i++)
      printf(" %x:%06" PRIx32, (unsigned)challenge.banks[i].bank, challenge.banks[i].pcrs);
    printf("\n");
  } else {
    printf("refused\n");
  }
  free(bytes);
}

/* The TPM of a vector: what it quotes is known, and it has a SHA-256 bank alone. */
struct known_quoter {
  struct tpm_quote quote;
  uint8_t values[TPM_PCRS * SHA256_BYTES];
};

static enum status known_quote(void *port, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                               uint32_t bank_count, struct tpm_quote *quote) {
  const struct known_quoter *quoter = port;
  (void)nonce, (void)nonce_length, (void)banks, (void)bank_count;
  *quote = quoter->quote;
  return STATUS_OK;
}

static enum status known_pcr(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX],
                             size_t *length) {
  const struct known_quoter *quoter = port;
  if (bank != TPM_SHA256) return STATUS_NONE;
  *length = SHA256_BYTES;
  memcpy(value, quoter->values + pcr * SHA256_BYTES, SHA256_BYTES);
  return STATUS_OK;
}

static size_t read_into(uint8_t *into, size_t room) {
  size_t length;
  uint8_t *bytes = bytes_of(word(), &length);
  if (length > room) exit(2);
  memcpy(into, bytes, length);
  free(bytes);
  return length;
}

static void one_evidence(void) {
  static struct known_quoter quoter;
  struct boot_log log;
  struct challenge challenge;
  uint8_t measured[SHA256_BYTES] = {0};
  size_t length, written = 0;
  uint8_t *bytes = bytes_of(word(), &length);
  uint8_t *out = malloc(EVIDENCE_BYTES_MAX);
  enum status status = challenge_parse(bytes, length, &challenge);
  quoter.quote.attest_length = read_into(quoter.quote.attest, sizeof quoter.quote.attest);
  quoter.quote.signature_length = read_into(quoter.quote.signature, sizeof quoter.quote.signature);
  (void)read_into(quoter.values, sizeof quoter.values);
  (void)read_into(measured, sizeof measured);
  boot_log_begin(&log);
  if (status == STATUS_OK) status = boot_log_add(&log, 14, BOOT_EVENT_IPL, measured, "msec-device");
  const struct tpm tpm = {.port = &quoter, .pcr = known_pcr, .quote = known_quote};
  if (status == STATUS_OK) status = evidence_make(&tpm, &challenge, &log, out, &written);
  if (status == STATUS_OK) print_bytes(out, written);
  else printf("refused");
  printf("\n");
  free(bytes);
  free(out);
}

int main(void) {
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    const char *kind = strtok_r(line, " ", &cursor);
    if (kind == NULL) continue;
    if (strcmp(kind, "batch") == 0) one_batch();
    else if (strncmp(kind, "encode-", 7) == 0) one_encoding(kind);
    else if (strcmp(kind, "challenge") == 0) one_challenge();
    else if (strcmp(kind, "evidence") == 0) one_evidence();
    else if (strcmp(kind, "frame") == 0 || strcmp(kind, "unsigned") == 0 || strcmp(kind, "session") == 0) one_frame(kind);
    else one_hash(kind);
    fflush(stdout);
  }
  return 0;
}

/*
 * Envelopes, version 1 (docs/specs/envelope.md), written in place. Of one head, frames and key the bytes are those that
 * schemas/envelope writes. A buffer is never written beyond its room; what does not fit is STATUS_INVALID.
 */
#ifndef MSEC_CORE_ENVELOPE_H
#define MSEC_CORE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/hmac.h"
#include "core/merkle.h"
#include "core/p256.h"
#include "core/status.h"
#include "hal/tpm.h"

enum envelope_mode { MODE_NONE = 0, MODE_FRAME = 1, MODE_BATCH = 2, MODE_SESSION = 3 };

#define DEVICE_ID_BYTES_MAX 64
#define BATCH_FRAMES_MAX 4096
#define PAYLOAD_BYTES_MAX 65535
#define SESSION_FRAMES_MAX 65536u
#define SESSION_MS_MAX (24u * 3600u * 1000u)
/* The end of the year 9999. */
#define DEVICE_TIME_MS_MAX 253402300799999u

/* Everything of an envelope but mode fields, payload and signature. */
#define ENVELOPE_HEAD_BYTES_MAX (15 + DEVICE_ID_BYTES_MAX + 4 + 4 + 8)
#define BATCH_FIELD_BYTES 34
#define SESSION_FIELD_BYTES 20
/* Beside the payload. */
#define ENVELOPE_OVERHEAD_BYTES_MAX (ENVELOPE_HEAD_BYTES_MAX + BATCH_FIELD_BYTES + 4 + P256_SIGNATURE_BYTES)
/* In front of each frame of a batch. */
#define BATCH_ENTRY_HEAD_BYTES 6

/* What stays the same for as long as the device and its key do. */
struct envelope_sender {
  const char *device_id;
  size_t device_id_length;
  uint8_t key_id[KEY_ID_BYTES];
};

struct envelope_frame {
  uint32_t boot_epoch;
  uint32_t sequence;
  bool has_time;
  uint64_t time_ms;
  const uint8_t *bytes;
  size_t length;
};

/* 1 to 64 of A-Z a-z 0-9 . _ : - */
bool is_device_id(const char *id, size_t length);

/* `room`: of `out`. *written is the envelope's length. */
enum status envelope_unsigned(const struct envelope_sender *sender, const struct envelope_frame *frame, uint8_t *out,
                              size_t room, size_t *written);
enum status envelope_signed(const struct envelope_sender *sender, const struct envelope_frame *frame,
                            const struct tpm *tpm, uint8_t *out, size_t room, size_t *written);

/* A batch that grows in the buffer it will be sent from. */
struct envelope_batch {
  const struct envelope_sender *sender;
  uint8_t *out;
  size_t room;
  /* Up to the mode fields. */
  size_t head_length;
  size_t length;
  uint32_t boot_epoch;
  uint32_t first;
  uint32_t count;
  uint32_t count_max;
  bool has_time;
  uint64_t time_ms;
  struct merkle tree;
  struct sha256 flat;
};

void batch_begin(struct envelope_batch *batch, const struct envelope_sender *sender, uint32_t count_max, uint8_t *out,
                 size_t room);
/* STATUS_FULL, with nothing changed, where the frame belongs into the next batch. */
enum status batch_add(struct envelope_batch *batch, const struct envelope_frame *frame);
enum status batch_end(struct envelope_batch *batch, const struct tpm *tpm, size_t *written);

/* The device's side of a session. */
struct envelope_session {
  uint32_t boot_epoch;
  uint64_t start_ms;
  uint32_t first;
  uint8_t receiver_key_id[KEY_ID_BYTES];
  struct hmac_key key;
};

/* `secret`: the x coordinate of ECDH between device and receiver; the caller wipes it. */
enum status session_open(struct envelope_session *session, const struct envelope_sender *sender,
                         const uint8_t secret[32]);
/* The 32 bytes of the key, as session_open uses them. */
void session_key_bytes(const struct envelope_session *session, const struct envelope_sender *sender,
                       const uint8_t secret[32], uint8_t key[SHA256_BYTES]);
/* Whether the session may seal this frame at this time. */
bool session_covers(const struct envelope_session *session, const struct envelope_frame *frame, uint64_t now_ms);
enum status envelope_in_session(const struct envelope_sender *sender, const struct envelope_session *session,
                                const struct envelope_frame *frame, uint8_t *out, size_t room, size_t *written);

#endif

#include "core/envelope.h"

#include <string.h>

#include "core/bytes.h"
#include "core/envelope_head.h"

/* With the NUL that ends a string in C, as the specification has it. */
static const char FRAME_DOMAIN[] = "msec-frame-v1";

bool is_device_id(const char *id, size_t length) {
  if (length == 0 || length > DEVICE_ID_BYTES_MAX) return false;
  for (size_t i = 0; i < length; i++) {
    const char c = id[i];
    const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != ':' && c != '-') return false;
  }
  return true;
}

size_t head_length(const struct envelope_sender *sender, bool has_time) {
  return 15 + sender->device_id_length + 4 + 4 + (has_time ? 8 : 0);
}

size_t head_write(const struct envelope_sender *sender, enum envelope_mode mode, const struct envelope_frame *frame,
                  uint8_t *out) {
  /* ECDSA on P-256 and HMAC-SHA-256 are what a device of this firmware can do. */
  static const uint8_t ALGORITHM[] = {[MODE_NONE] = 0, [MODE_FRAME] = 1, [MODE_BATCH] = 1, [MODE_SESSION] = 3};
  const size_t id_length = sender->device_id_length;
  put_u16(out, 0x4d53);
  out[2] = 1;
  out[3] = (uint8_t)mode;
  out[4] = ALGORITHM[mode];
  out[5] = frame->has_time ? 1 : 0;
  if (mode == MODE_NONE) memset(out + 6, 0, KEY_ID_BYTES);
  else memcpy(out + 6, sender->key_id, KEY_ID_BYTES);
  out[14] = (uint8_t)id_length;
  memcpy(out + 15, sender->device_id, id_length);
  uint8_t *at = out + 15 + id_length;
  put_u32(at, frame->boot_epoch);
  put_u32(at + 4, frame->sequence);
  if (frame->has_time) put_u64(at + 8, frame->time_ms);
  return head_length(sender, frame->has_time);
}

bool is_encodable(const struct envelope_sender *sender, const struct envelope_frame *frame) {
  return is_device_id(sender->device_id, sender->device_id_length) && frame->length <= PAYLOAD_BYTES_MAX &&
         (!frame->has_time || frame->time_ms <= DEVICE_TIME_MS_MAX);
}

/* Head, payload length and payload. 0 where there is no room for that and `tail` more bytes. */
static size_t write_body(const struct envelope_sender *sender, enum envelope_mode mode,
                         const struct envelope_frame *frame, const struct envelope_session *session, uint8_t *out,
                         size_t room, size_t tail) {
  const size_t fields = session == NULL ? 0 : SESSION_FIELD_BYTES;
  if (!is_encodable(sender, frame)) return 0;
  if (head_length(sender, frame->has_time) + fields + 4 + frame->length + tail > room) return 0;
  size_t at = head_write(sender, mode, frame, out);
  if (session != NULL) {
    memcpy(out + at, session->receiver_key_id, KEY_ID_BYTES);
    put_u64(out + at + KEY_ID_BYTES, session->start_ms);
    put_u32(out + at + KEY_ID_BYTES + 8, session->first);
    at += SESSION_FIELD_BYTES;
  }
  put_u32(out + at, (uint32_t)frame->length);
  if (frame->length > 0) memcpy(out + at + 4, frame->bytes, frame->length);
  return at + 4 + frame->length;
}

enum status envelope_unsigned(const struct envelope_sender *sender, const struct envelope_frame *frame, uint8_t *out,
                              size_t room, size_t *written) {
  const size_t length = write_body(sender, MODE_NONE, frame, NULL, out, room, 0);
  if (length == 0) return STATUS_INVALID;
  *written = length;
  return STATUS_OK;
}

enum status envelope_signed(const struct envelope_sender *sender, const struct envelope_frame *frame,
                            const struct tpm *tpm, uint8_t *out, size_t room, size_t *written) {
  const size_t length = write_body(sender, MODE_FRAME, frame, NULL, out, room, P256_SIGNATURE_BYTES);
  if (length == 0) return STATUS_INVALID;
  struct sha256 hash;
  uint8_t digest[SHA256_BYTES];
  sha256_init(&hash);
  sha256_update(&hash, FRAME_DOMAIN, sizeof FRAME_DOMAIN);
  sha256_update(&hash, out, length);
  sha256_final(&hash, digest);
  const enum status signed_ = tpm->sign(tpm->port, digest, out + length);
  if (signed_ != STATUS_OK) return signed_;
  p256_make_low(out + length);
  *written = length + P256_SIGNATURE_BYTES;
  return STATUS_OK;
}

enum status envelope_in_session(const struct envelope_sender *sender, const struct envelope_session *session,
                                const struct envelope_frame *frame, uint8_t *out, size_t room, size_t *written) {
  if (frame->boot_epoch != session->boot_epoch || frame->sequence < session->first) return STATUS_INVALID;
  const size_t length = write_body(sender, MODE_SESSION, frame, session, out, room, SHA256_BYTES);
  if (length == 0) return STATUS_INVALID;
  struct sha256 inner;
  hmac_begin(&session->key, &inner);
  sha256_update(&inner, out, length);
  hmac_end(&session->key, &inner, out + length);
  *written = length + SHA256_BYTES;
  return STATUS_OK;
}

/*
 * One signature for many frames. Root and flat hash are computed as the frames come, so that the payload is walked
 * once and stands nowhere else than in the buffer that is sent.
 */
#include <string.h>

#include "core/bytes.h"
#include "core/envelope_head.h"

static const char BATCH_DOMAIN[] = "msec-batch-v1";

void batch_begin(struct envelope_batch *batch, const struct envelope_sender *sender, uint32_t count_max, uint8_t *out,
                 size_t room) {
  batch->sender = sender;
  batch->out = out;
  batch->room = room;
  batch->count = 0;
  batch->count_max = count_max < BATCH_FRAMES_MAX ? count_max : BATCH_FRAMES_MAX;
  merkle_init(&batch->tree);
  sha256_init(&batch->flat);
}

/* Whether the frame follows those that are there, in time and count. */
static bool follows(const struct envelope_batch *batch, const struct envelope_frame *frame, int64_t delta) {
  if (batch->count == batch->count_max || frame->boot_epoch != batch->boot_epoch) return false;
  /* Up to the last sequence that there is. */
  if (frame->sequence < batch->first || frame->sequence - batch->first != batch->count) return false;
  return frame->has_time == batch->has_time && delta >= INT32_MIN && delta <= INT32_MAX;
}

enum status batch_add(struct envelope_batch *batch, const struct envelope_frame *frame) {
  if (!is_encodable(batch->sender, frame)) return STATUS_INVALID;
  const bool is_first = batch->count == 0;
  const int64_t delta =
      is_first || !frame->has_time ? 0 : (int64_t)frame->time_ms - (int64_t)batch->time_ms;
  if (!is_first && !follows(batch, frame, delta)) return STATUS_FULL;
  uint8_t entry[BATCH_ENTRY_HEAD_BYTES];
  const size_t entry_head = frame->has_time ? BATCH_ENTRY_HEAD_BYTES : 2;
  const size_t head = head_length(batch->sender, frame->has_time);
  const size_t payload_at = head + BATCH_FIELD_BYTES + 4;
  const size_t at = is_first ? payload_at : batch->length;
  if (at + entry_head + frame->length + P256_SIGNATURE_BYTES > batch->room ||
      at + entry_head + frame->length - payload_at > PAYLOAD_BYTES_MAX)
    return is_first ? STATUS_INVALID : STATUS_FULL;
  if (is_first) {
    batch->head_length = head_write(batch->sender, MODE_BATCH, frame, batch->out);
    batch->boot_epoch = frame->boot_epoch;
    batch->first = frame->sequence;
    batch->has_time = frame->has_time;
    batch->time_ms = frame->time_ms;
  }
  put_u16(entry, (uint32_t)frame->length);
  put_u32(entry + 2, (uint32_t)(int32_t)delta);
  memcpy(batch->out + at, entry, entry_head);
  if (frame->length > 0) memcpy(batch->out + at + entry_head, frame->bytes, frame->length);
  merkle_add(&batch->tree, entry, entry_head, frame->bytes, frame->length);
  sha256_update(&batch->flat, batch->out + at, entry_head + frame->length);
  batch->length = at + entry_head + frame->length;
  batch->count++;
  return STATUS_OK;
}

enum status batch_end(struct envelope_batch *batch, const struct tpm *tpm, size_t *written) {
  if (batch->count == 0) return STATUS_INVALID;
  uint8_t *fields = batch->out + batch->head_length;
  const size_t payload_at = batch->head_length + BATCH_FIELD_BYTES + 4;
  put_u16(fields, batch->count);
  merkle_root(&batch->tree, fields + 2);
  put_u32(fields + BATCH_FIELD_BYTES, (uint32_t)(batch->length - payload_at));
  struct sha256 hash;
  uint8_t digest[SHA256_BYTES];
  sha256_final(&batch->flat, digest);
  sha256_init(&hash);
  sha256_update(&hash, BATCH_DOMAIN, sizeof BATCH_DOMAIN);
  sha256_update(&hash, batch->out, payload_at);
  sha256_update(&hash, digest, sizeof digest);
  sha256_final(&hash, digest);
  uint8_t *signature = batch->out + batch->length;
  const enum status signed_ = tpm->sign(tpm->port, digest, signature);
  if (signed_ != STATUS_OK) return signed_;
  p256_make_low(signature);
  *written = batch->length + P256_SIGNATURE_BYTES;
  return STATUS_OK;
}

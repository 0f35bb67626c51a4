/*
 * The device's side of a session. It ends itself before the receiver's limits do, with a margin for clocks that differ
 * and for the way there.
 */
#include <string.h>

#include "core/bytes.h"
#include "core/envelope.h"

static const char SESSION_DOMAIN[] = "msec-session-v1";

#define MARGIN_MS (3600u * 1000u)
/* The receiver takes a start that lies two minutes ahead. */
#define AHEAD_MS_MAX (60u * 1000u)
#define INFO_BYTES_MAX (sizeof SESSION_DOMAIN + KEY_ID_BYTES + KEY_ID_BYTES + 1 + DEVICE_ID_BYTES_MAX + 4 + 8 + 4)

void session_key_bytes(const struct envelope_session *session, const struct envelope_sender *sender,
                       const uint8_t secret[32], uint8_t key[SHA256_BYTES]) {
  uint8_t info[INFO_BYTES_MAX];
  uint8_t *at = info;
  memcpy(at, SESSION_DOMAIN, sizeof SESSION_DOMAIN);
  at += sizeof SESSION_DOMAIN;
  memcpy(at, session->receiver_key_id, KEY_ID_BYTES);
  at += KEY_ID_BYTES;
  memcpy(at, sender->key_id, KEY_ID_BYTES);
  at += KEY_ID_BYTES;
  *at++ = (uint8_t)sender->device_id_length;
  memcpy(at, sender->device_id, sender->device_id_length);
  at += sender->device_id_length;
  put_u32(at, session->boot_epoch);
  put_u64(at + 4, session->start_ms);
  put_u32(at + 12, session->first);
  at += 16;
  hkdf_sha256(secret, 32, info, (size_t)(at - info), key);
}

enum status session_open(struct envelope_session *session, const struct envelope_sender *sender,
                         const uint8_t secret[32]) {
  uint8_t key[SHA256_BYTES];
  if (!is_device_id(sender->device_id, sender->device_id_length) || session->start_ms > DEVICE_TIME_MS_MAX)
    return STATUS_INVALID;
  session_key_bytes(session, sender, secret, key);
  hmac_key_init(&session->key, key, sizeof key);
  wipe(key, sizeof key);
  return STATUS_OK;
}

bool session_covers(const struct envelope_session *session, const struct envelope_frame *frame, uint64_t now_ms) {
  return frame->boot_epoch == session->boot_epoch && frame->sequence >= session->first &&
         frame->sequence - session->first < SESSION_FRAMES_MAX && session->start_ms <= now_ms + AHEAD_MS_MAX &&
         now_ms <= session->start_ms + SESSION_MS_MAX - MARGIN_MS;
}

/*
 * A device: takes readings into the ring, and brings them from there to the bridge in the mode that it was enrolled for.
 * A reading has its boot epoch, sequence and time before it is stored and keeps them, so that sending it again is a repeat.
 * Between them it answers challenges, which readings never hold up.
 */
#ifndef MSEC_CORE_DEVICE_H
#define MSEC_CORE_DEVICE_H

#include "core/attest.h"
#include "core/envelope.h"
#include "core/frames.h"
#include "core/ring.h"
#include "core/sequence.h"
#include "hal/clock.h"
#include "hal/entropy.h"
#include "hal/image.h"
#include "hal/radio.h"
#include "hal/sensor.h"
#include "hal/storage.h"
#include "hal/tpm.h"

#ifndef DEVICE_PAYLOAD_BYTES
#define DEVICE_PAYLOAD_BYTES 4096u
#endif
#define DEVICE_ENVELOPE_BYTES (ENVELOPE_OVERHEAD_BYTES_MAX + DEVICE_PAYLOAD_BYTES)
/* Envelopes, and frames in them, that are sent and not acknowledged. The receiver knows its last 1,024 frames. */
#define DEVICE_WINDOW 16u
#define DEVICE_WINDOW_FRAMES 1024u
#define DEVICE_BATCH_MAX DEVICE_WINDOW_FRAMES
#define DEVICE_NO_PCR UINT32_MAX

struct device_config {
  const char *device_id;
  size_t device_id_length;
  enum frame_type frame;
  const char *identity;
  /* MODE_FRAME, MODE_BATCH or MODE_SESSION. */
  enum envelope_mode mode;
  /* Frames of a batch at most, and how long a batch that is not full waits for more. */
  uint32_t batch;
  uint32_t linger_ms;
  /* Of mode session: the receiver's public key, x and y. */
  uint8_t receiver[P256_POINT_BYTES];
  /* Where the firmware is measured into; DEVICE_NO_PCR: nowhere. */
  uint32_t measure_pcr;
};

struct device_ports {
  struct storage journal;
  struct storage ring;
  struct clock clock;
  struct entropy entropy;
  struct radio radio;
  struct tpm tpm;
  struct sensor sensor;
  struct image image;
};

struct device_sent {
  uint32_t ticket;
  struct ring_position last;
  uint32_t count;
  bool is_acknowledged;
};

struct device {
  const struct device_config *config;
  const struct device_ports *ports;
  struct envelope_sender sender;
  struct sequence sequence;
  struct ring ring;
  bool has_session;
  struct envelope_session session;
  enum { LINK_DOWN, LINK_WAITING, LINK_UP } link;
  uint32_t retry_at;
  uint32_t retry_ms;
  uint32_t batch_sent_at;
  /* No batch waits for more. */
  bool is_flushing;
  struct device_sent sent[DEVICE_WINDOW];
  uint32_t sent_first;
  uint32_t sent_count;
  uint32_t sent_frames;
  /* What `envelope` holds, sealed ahead while the window is full, so that the TPM and the bridge work at the same time. */
  struct device_sent sealed;
  size_t sealed_length;
  /* Readings that the bridge has acknowledged since the start. */
  uint32_t acknowledged;
  struct attest attest;
  uint8_t envelope[DEVICE_ENVELOPE_BYTES];
};

/* Measures, mounts, reads the key. `config` and `ports` are the caller's and outlive the device. */
enum status device_start(struct device *device, const struct device_config *config, const struct device_ports *ports);

/* One reading into the ring. STATUS_FULL: nothing was taken, since everything waits. *boot_epoch, *sequence: its own. */
enum status device_read(struct device *device, uint32_t *boot_epoch, uint32_t *sequence);

/*
 * Sends what may be sent, then waits for an event of the link, `wait_ms` at most. STATUS_TPM and STATUS_STORAGE are for the
 * board to act on; a lost link is not: it is tried again, later each time.
 */
enum status device_turn(struct device *device, uint32_t wait_ms);

/* How long nothing of its own is due to the device, `most` at most. */
uint32_t device_idle_ms(const struct device *device, uint32_t most);

#endif

#include "core/device.h"

#include <string.h>

#include "core/measure.h"

#define RETRY_MS_MIN 250u
#define RETRY_MS_MAX 60000u
/* Whoever sends without end must not hold up what is due to the device itself. */
#define EVENTS_MAX (4 * DEVICE_WINDOW)

static uint32_t ticks(const struct device *device) {
  return device->ports->clock.ticks_ms(device->ports->clock.port);
}

static bool unix_ms(const struct device *device, uint64_t *now_ms) {
  return device->ports->clock.unix_ms(device->ports->clock.port, now_ms);
}

static enum status measure(struct device *device) {
  attest_init(&device->attest);
  if (device->config->measure_pcr == DEVICE_NO_PCR) return STATUS_OK;
  return measure_boot(&device->ports->tpm, &device->ports->image, device->config->measure_pcr, &device->attest.log);
}

/* An epoch above all that were used: where the journal was lost, what waits in the ring still knows one. */
static enum status mount(struct device *device) {
  uint64_t now_ms;
  uint32_t in_ring = 0;
  enum status status = ring_mount(&device->ring, &device->ports->ring);
  if (status == STATUS_OK) status = ring_newest_epoch(&device->ring, &in_ring);
  if (status != STATUS_OK) return status;
  uint32_t fresh = unix_ms(device, &now_ms) ? (uint32_t)(now_ms / 1000) : 0;
  if (fresh != 0 && fresh <= in_ring) fresh = in_ring + 1;
  return sequence_mount(&device->sequence, &device->ports->journal, fresh);
}

enum status device_start(struct device *device, const struct device_config *config, const struct device_ports *ports) {
  uint8_t point[P256_POINT_BYTES];
  memset(device, 0, sizeof *device);
  device->config = config;
  device->ports = ports;
  device->sender.device_id = config->device_id;
  device->sender.device_id_length = config->device_id_length;
  if (!is_device_id(config->device_id, config->device_id_length) || config->batch == 0 ||
      config->batch > DEVICE_BATCH_MAX)
    return STATUS_INVALID;
  enum status status = measure(device);
  if (status == STATUS_OK) status = ports->tpm.public_key(ports->tpm.port, point);
  if (status != STATUS_OK) return status;
  p256_key_id(point, device->sender.key_id);
  device->retry_at = device->batch_sent_at = ticks(device);
  device->retry_ms = RETRY_MS_MIN;
  return mount(device);
}

enum status device_read(struct device *device, uint32_t *boot_epoch, uint32_t *sequence) {
  const struct sensor *sensor = &device->ports->sensor;
  struct sensor_reading reading;
  struct ring_record record;
  if (!ring_has_room(&device->ring, FRAME_BYTES_MAX)) return STATUS_FULL;
  enum status status = sensor->read(sensor->port, &reading);
  if (status == STATUS_OK) status = sequence_take(&device->sequence, &record.boot_epoch, &record.sequence);
  if (status != STATUS_OK) return status;
  if (!unix_ms(device, &record.time_ms)) record.time_ms = RING_NO_TIME;
  /* The counter of the frame tells of losses, too; it skips where a restart does. */
  status = frame_encode(device->config->frame, device->config->identity, record.sequence, &reading, record.frame,
                        &record.length);
  if (status != STATUS_OK) return status;
  *boot_epoch = record.boot_epoch;
  *sequence = record.sequence;
  return ring_append(&device->ring, &record);
}

static struct envelope_frame frame_of(const struct ring_record *record) {
  const bool has_time = record->time_ms != RING_NO_TIME;
  return (struct envelope_frame){
      .boot_epoch = record->boot_epoch,
      .sequence = record->sequence,
      .has_time = has_time,
      .time_ms = has_time ? record->time_ms : 0,
      .bytes = record->frame,
      .length = record->length,
  };
}

static enum status session_for(struct device *device, const struct envelope_frame *frame) {
  const struct tpm *tpm = &device->ports->tpm;
  struct envelope_session *session = &device->session;
  uint8_t secret[32];
  uint64_t now_ms;
  if (!unix_ms(device, &now_ms)) return STATUS_NO_CLOCK;
  if (device->has_session && session_covers(session, frame, now_ms)) return STATUS_OK;
  device->has_session = false;
  session->boot_epoch = frame->boot_epoch;
  session->start_ms = now_ms;
  session->first = frame->sequence;
  p256_key_id(device->config->receiver, session->receiver_key_id);
  enum status status = tpm->agree(tpm->port, device->config->receiver, secret);
  if (status == STATUS_OK) status = session_open(session, &device->sender, secret);
  wipe(secret, sizeof secret);
  device->has_session = status == STATUS_OK;
  return status;
}

/* One record in an envelope of its own. */
static enum status seal_one(struct device *device, struct device_sent *sent, struct ring_position *first,
                            size_t *written) {
  struct ring_record record;
  enum status status = ring_next(&device->ring, &record, first);
  if (status != STATUS_OK) return status;
  const struct envelope_frame frame = frame_of(&record);
  sent->last = *first;
  sent->count = 1;
  if (device->config->mode == MODE_FRAME)
    return envelope_signed(&device->sender, &frame, &device->ports->tpm, device->envelope, sizeof device->envelope,
                           written);
  status = session_for(device, &frame);
  if (status != STATUS_OK) return status;
  return envelope_in_session(&device->sender, &device->session, &frame, device->envelope, sizeof device->envelope,
                             written);
}

/* As many records as follow one another, up to the batch's limits. */
static enum status seal_batch(struct device *device, struct device_sent *sent, struct ring_position *first,
                              size_t *written) {
  struct envelope_batch batch;
  struct ring_record record;
  struct ring_position position;
  enum status status;
  batch_begin(&batch, &device->sender, device->config->batch, device->envelope, sizeof device->envelope);
  while ((status = ring_next(&device->ring, &record, &position)) == STATUS_OK) {
    const struct envelope_frame frame = frame_of(&record);
    if (sent->count == 0) *first = position;
    status = batch_add(&batch, &frame);
    if (status == STATUS_FULL) ring_unread(&device->ring, position, 1);
    else sent->count++;
    if (status != STATUS_OK) break;
    sent->last = position;
    if (sent->count == device->config->batch) break;
  }
  if (status != STATUS_OK && status != STATUS_FULL && status != STATUS_NONE) return status;
  if (sent->count == 0) return STATUS_NONE;
  device->batch_sent_at = ticks(device);
  return batch_end(&batch, &device->ports->tpm, written);
}

static bool is_batch_due(const struct device *device) {
  return device->is_flushing || device->ring.waiting_unread >= device->config->batch ||
         ticks(device) - device->batch_sent_at >= device->config->linger_ms;
}

/* STATUS_NONE where there is nothing to send. */
static enum status seal_next(struct device *device) {
  const bool is_batch = device->config->mode == MODE_BATCH;
  struct device_sent sent = {0};
  struct ring_position first = {0};
  size_t written = 0;
  if (device->ring.waiting_unread == 0 || (is_batch && !is_batch_due(device))) return STATUS_NONE;
  const enum status status =
      is_batch ? seal_batch(device, &sent, &first, &written) : seal_one(device, &sent, &first, &written);
  if (status == STATUS_OK) {
    device->sealed = sent;
    device->sealed_length = written;
  } else if (sent.count > 0) {
    ring_unread(&device->ring, first, sent.count);
  }
  return status;
}

static bool has_room(const struct device *device, uint32_t frames) {
  return device->sent_count < DEVICE_WINDOW && device->sent_frames + frames <= DEVICE_WINDOW_FRAMES;
}

/* STATUS_NONE where there is nothing to send, or no room in the window. */
static enum status send_next(struct device *device) {
  const struct radio *radio = &device->ports->radio;
  struct device_sent *sent = &device->sealed;
  if (device->sealed_length == 0) {
    /* A MAC costs nothing, and a session must not grow old before it is sent. */
    if (device->config->mode == MODE_SESSION && !has_room(device, 1)) return STATUS_NONE;
    const enum status status = seal_next(device);
    if (status != STATUS_OK) return status;
  }
  if (!has_room(device, sent->count)) return STATUS_NONE;
  /* Where it fails the link is lost, and what was sealed with it. */
  const enum status status = radio->publish(radio->port, RADIO_FRAMES, device->envelope, device->sealed_length, &sent->ticket);
  if (status != STATUS_OK) return STATUS_RADIO;
  device->sent[(device->sent_first + device->sent_count) % DEVICE_WINDOW] = *sent;
  device->sent_count++;
  device->sent_frames += sent->count;
  device->sealed_length = 0;
  return STATUS_OK;
}

static void lost_link(struct device *device) {
  const struct entropy *entropy = &device->ports->entropy;
  uint8_t chance = 0;
  device->link = LINK_DOWN;
  device->sent_first = device->sent_count = device->sent_frames = 0;
  device->sealed_length = 0;
  attest_lost_link(&device->attest);
  ring_rewind(&device->ring);
  /* A city's devices that lost the bridge at once must not come back at once. Without chance they do, and no worse. */
  (void)entropy->random(entropy->port, &chance, sizeof chance);
  device->retry_at = ticks(device) + device->retry_ms / 2 + device->retry_ms / 2 * chance / 255;
  device->retry_ms = device->retry_ms > RETRY_MS_MAX / 2 ? RETRY_MS_MAX : 2 * device->retry_ms;
}

static enum status acknowledge(struct device *device, uint32_t ticket) {
  for (uint32_t i = 0; i < device->sent_count; i++) {
    struct device_sent *sent = &device->sent[(device->sent_first + i) % DEVICE_WINDOW];
    if (sent->ticket == ticket && !sent->is_acknowledged) {
      sent->is_acknowledged = true;
      break;
    }
  }
  while (device->sent_count > 0 && device->sent[device->sent_first].is_acknowledged) {
    const struct device_sent *sent = &device->sent[device->sent_first];
    if (ring_release(&device->ring, sent->last, sent->count) != STATUS_OK) return STATUS_STORAGE;
    device->acknowledged += sent->count;
    /* Only now: a bridge that takes the connection and nothing else is no better than none. */
    device->retry_ms = RETRY_MS_MIN;
    device->sent_frames -= sent->count;
    device->sent_first = (device->sent_first + 1) % DEVICE_WINDOW;
    device->sent_count--;
  }
  return STATUS_OK;
}

static bool is_due(const struct device *device, uint32_t at) {
  return (int32_t)(ticks(device) - at) >= 0;
}

static void connect_if_due(struct device *device) {
  const struct radio *radio = &device->ports->radio;
  if (device->link != LINK_DOWN || !is_due(device, device->retry_at)) return;
  device->link = LINK_WAITING;
  if (radio->connect(radio->port) != STATUS_OK) lost_link(device);
}

static enum status handle_events(struct device *device, uint32_t wait_ms) {
  const struct radio *radio = &device->ports->radio;
  struct radio_event event;
  for (uint32_t events = 0; events < EVENTS_MAX; events++) {
    if (radio->poll(radio->port, wait_ms, &event) != STATUS_OK) {
      lost_link(device);
      return STATUS_OK;
    }
    wait_ms = 0;
    if (event.kind == RADIO_NOTHING) return STATUS_OK;
    if (event.kind == RADIO_UP) {
      device->link = LINK_UP;
    } else if (event.kind == RADIO_DOWN) {
      lost_link(device);
    } else if (event.kind == RADIO_CHALLENGE) {
      attest_challenged(&device->attest, event.bytes, event.length, &device->ports->clock);
    } else if (attest_acknowledged(&device->attest, event.ticket)) {
      /* A bridge that takes evidence is one, even while it takes no data. */
      device->retry_ms = RETRY_MS_MIN;
    } else if (acknowledge(device, event.ticket) != STATUS_OK) {
      return STATUS_STORAGE;
    }
  }
  return STATUS_OK;
}

enum status device_turn(struct device *device, uint32_t wait_ms) {
  connect_if_due(device);
  if (device->link == LINK_UP) {
    enum status status = attest_turn(&device->attest, &device->ports->tpm, &device->ports->radio,
                                     &device->ports->clock);
    while (status == STATUS_OK) status = send_next(device);
    if (status == STATUS_RADIO) lost_link(device);
    else if (status != STATUS_NONE && status != STATUS_NO_CLOCK) return status;
  }
  return handle_events(device, device_idle_ms(device, wait_ms));
}

uint32_t device_idle_ms(const struct device *device, uint32_t most) {
  uint32_t due;
  if (device->link == LINK_UP && attest_is_due(&device->attest)) return most < RETRY_MS_MIN ? most : RETRY_MS_MIN;
  if (device->link == LINK_DOWN) due = device->retry_at;
  else if (device->config->mode == MODE_BATCH && device->ring.waiting_unread > 0)
    due = device->batch_sent_at + device->config->linger_ms;
  else return most;
  const int32_t left = (int32_t)(due - ticks(device));
  if (left <= 0) return device->link == LINK_DOWN ? 0 : most;
  return (uint32_t)left < most ? (uint32_t)left : most;
}

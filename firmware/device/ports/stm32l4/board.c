/*
 * A link target: it shows what the core takes of flash and RAM on an STM32L4, and that it needs no heap, no floating point
 * and no operating system. Nothing here drives hardware, and nothing pretends to: each part says that it is missing until
 * its driver is there (docs/firmware.md, wolfTPM for the TPM).
 */
#include "ports/stm32l4/board.h"

#include <string.h>

#define PAGE_BYTES 2048u
#define JOURNAL_PAGES 2u
#define RING_PAGES 32u

extern const uint8_t image_start[], image_end[], storage_start[];

static struct device unit;
static struct device_ports ports;

static const struct device_config CONFIG = {
    .device_id = "nucleo-1",
    .device_id_length = 8,
    .frame = FRAME_NUCLEO,
    .identity = "000000000001",
    .mode = MODE_BATCH,
    .batch = 64,
    .linger_ms = 60000,
    .measure_pcr = 14,
};

/* Flash is read like memory: this part needs no driver. */
static enum status flash_read(void *port, uint32_t at, void *into, uint32_t length) {
  memcpy(into, (const uint8_t *)port + at, length);
  return STATUS_OK;
}

static enum status image_read(void *port, uint32_t at, uint8_t *into, uint32_t room, uint32_t *got) {
  const uint32_t length = (uint32_t)(image_end - image_start);
  (void)port;
  *got = at < length ? (length - at < room ? length - at : room) : 0;
  memcpy(into, image_start + at, *got);
  return STATUS_OK;
}

static enum status no_program(void *port, uint32_t at, const void *from, uint32_t length) {
  (void)port, (void)at, (void)from, (void)length;
  return STATUS_MISSING;
}

static enum status no_erase(void *port, uint32_t page) {
  (void)port, (void)page;
  return STATUS_MISSING;
}

static bool no_time(void *port, uint64_t *now_ms) {
  (void)port, (void)now_ms;
  return false;
}

static uint32_t no_ticks(void *port) {
  (void)port;
  return 0;
}

static enum status no_random(void *port, void *into, uint32_t length) {
  (void)port, (void)into, (void)length;
  return STATUS_MISSING;
}

static enum status no_connect(void *port) {
  (void)port;
  return STATUS_MISSING;
}

static enum status no_publish(void *port, enum radio_channel channel, const uint8_t *bytes, size_t length,
                              uint32_t *ticket) {
  (void)port, (void)channel, (void)bytes, (void)length, (void)ticket;
  return STATUS_MISSING;
}

static enum status no_poll(void *port, uint32_t wait_ms, struct radio_event *event) {
  (void)port, (void)wait_ms, (void)event;
  return STATUS_MISSING;
}

static enum status no_key(void *port, uint8_t point[64]) {
  (void)port, (void)point;
  return STATUS_MISSING;
}

static enum status no_sign(void *port, const uint8_t digest[32], uint8_t signature[64]) {
  (void)port, (void)digest, (void)signature;
  return STATUS_MISSING;
}

static enum status no_agree(void *port, const uint8_t other[64], uint8_t secret[32]) {
  (void)port, (void)other, (void)secret;
  return STATUS_MISSING;
}

static enum status no_extend(void *port, uint32_t pcr, const uint8_t digest[32]) {
  (void)port, (void)pcr, (void)digest;
  return STATUS_MISSING;
}

static enum status no_pcr(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX], size_t *length) {
  (void)port, (void)bank, (void)pcr, (void)value, (void)length;
  return STATUS_MISSING;
}

static enum status no_quote(void *port, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                            uint32_t bank_count, struct tpm_quote *quote) {
  (void)port, (void)nonce, (void)nonce_length, (void)banks, (void)bank_count, (void)quote;
  return STATUS_MISSING;
}

static enum status no_reading(void *port, struct sensor_reading *reading) {
  (void)port, (void)reading;
  return STATUS_MISSING;
}

static struct storage area(uint32_t first_page, uint32_t pages) {
  return (struct storage){
      .port = (void *)(uintptr_t)(storage_start + first_page * PAGE_BYTES),
      .page_bytes = PAGE_BYTES,
      .pages = pages,
      .read = flash_read,
      .program = no_program,
      .erase = no_erase,
  };
}

void board_parts(struct device_ports *parts) {
  *parts = (struct device_ports){
      .journal = area(0, JOURNAL_PAGES),
      .ring = area(JOURNAL_PAGES, RING_PAGES),
      .clock = {.unix_ms = no_time, .ticks_ms = no_ticks},
      .entropy = {.random = no_random},
      .radio = {.connect = no_connect, .publish = no_publish, .poll = no_poll},
      .tpm = {.public_key = no_key,
              .sign = no_sign,
              .agree = no_agree,
              .extend = no_extend,
              .pcr = no_pcr,
              .quote = no_quote},
      .sensor = {.read = no_reading},
      .image = {.read = image_read},
  };
}

void board_main(void) {
  uint32_t boot_epoch, sequence;
  board_parts(&ports);
  if (device_start(&unit, &CONFIG, &ports) != STATUS_OK) return;
  for (;;) {
    if (device_read(&unit, &boot_epoch, &sequence) == STATUS_STORAGE) return;
    if (device_turn(&unit, 60000) != STATUS_OK) return;
  }
}

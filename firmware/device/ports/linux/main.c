/*
 * msec-device --config FILE: a device as a process. It ends with 0 on SIGTERM and SIGINT, and once as many readings as
 * asked for are acknowledged; with 78 of the configuration, 69 of the TPM, 74 of the storage, all said on standard error.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ports/linux/board.h"
#include "ports/linux/config.h"
#include "ports/linux/radio_mqtt.h"
#include "ports/linux/receiver_key.h"
#include "ports/linux/storage_file.h"
#include "ports/linux/tpm_esys.h"

enum exit_code { EXIT_USAGE = 64, EXIT_TPM = 69, EXIT_INTERNAL = 70, EXIT_STORAGE = 74, EXIT_CONFIG = 78 };

#define JOURNAL_PAGE_BYTES 4096u
#define RING_PAGE_BYTES 65536u
#define IDLE_MS 1000u

/* Too large for a stack, and there is one device in a process. */
static struct {
  struct linux_config config;
  struct device_config device_config;
  struct device_ports ports;
  struct device device;
  struct linux_board board;
  struct storage_file journal;
  struct storage_file ring;
  struct radio_mqtt mqtt;
  struct tpm_esys tpm;
} unit;

static volatile sig_atomic_t is_stopped = 0;

static void stop(int signal_) {
  (void)signal_;
  is_stopped = 1;
}

/* STATUS_OK with the text's length; the text has room for CONFIG_FILE_MAX. */
static bool read_file(const char *path, char *text, size_t *length) {
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
  }
  *length = fread(text, 1, CONFIG_FILE_MAX, file);
  const bool is_whole = ferror(file) == 0 && *length < CONFIG_FILE_MAX;
  (void)fclose(file);
  if (!is_whole) fprintf(stderr, "%s: it cannot be read, or is longer than %d bytes\n", path, CONFIG_FILE_MAX - 1);
  return is_whole;
}

static bool read_token(struct linux_config *config) {
  static char text[CONFIG_FILE_MAX];
  size_t length;
  if (config->token_file[0] == '\0') return true;
  if (!read_file(config->token_file, text, &length)) return false;
  while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r' || text[length - 1] == ' ')) length--;
  if (length == 0 || length >= sizeof config->token) {
    fprintf(stderr, "%s: no token\n", config->token_file);
    return false;
  }
  memcpy(config->token, text, length);
  config->token[length] = '\0';
  return true;
}

static bool read_config(const char *path, struct linux_config *config) {
  static char text[CONFIG_FILE_MAX];
  struct config_fault fault;
  size_t length;
  if (!read_file(path, text, &length)) return false;
  if (config_parse(text, length, config, &fault)) return read_token(config);
  if (fault.line == 0) fprintf(stderr, "%s: %s\n", path, fault.says);
  else fprintf(stderr, "%s:%u: %s\n", path, fault.line, fault.says);
  return false;
}

static bool to_device_config(const struct linux_config *config, struct device_config *into) {
  static char text[CONFIG_FILE_MAX];
  size_t length;
  *into = (struct device_config){
      .device_id = config->device_id,
      .device_id_length = strlen(config->device_id),
      .frame = config->frame,
      .identity = config->identity,
      .mode = config->mode,
      .batch = config->batch,
      .linger_ms = config->linger_ms,
      .measure_pcr = config->measure_pcr,
  };
  if (config->mode != MODE_SESSION) return true;
  if (!read_file(config->receiver_key, text, &length)) return false;
  if (receiver_key_parse(text, length, into->receiver)) return true;
  fprintf(stderr, "%s: no public key of P-256 in PEM\n", config->receiver_key);
  return false;
}

static bool open_storage_file(const char *name, uint32_t page_bytes, uint32_t pages, struct storage_file *file,
                              struct storage *storage) {
  char path[CONFIG_TEXT_MAX + 16];
  (void)snprintf(path, sizeof path, "%s/%s", unit.config.storage, name);
  if (storage_file_open(file, path, page_bytes, pages, unit.config.storage_sync, storage) == STATUS_OK) return true;
  fprintf(stderr, "%s: %s\n", path, errno == EBUSY ? "another process has it" : strerror(errno));
  return false;
}

static bool open_storage(void) {
  if (mkdir(unit.config.storage, 0700) != 0 && errno != EEXIST) {
    fprintf(stderr, "%s: %s\n", unit.config.storage, strerror(errno));
    return false;
  }
  return open_storage_file("journal", JOURNAL_PAGE_BYTES, 2, &unit.journal, &unit.ports.journal) &&
         open_storage_file("ring", RING_PAGE_BYTES, unit.config.ring_pages, &unit.ring, &unit.ports.ring);
}

static bool open_tpm(void) {
  const struct linux_config *config = &unit.config;
  const uint32_t own = config->mode == MODE_SESSION ? 0x81000012u : 0x81000010u;
  const uint32_t handle = config->signing_handle == 0 ? own : config->signing_handle;
  const struct tpm_keys keys = {.own = handle, .attestation = config->attestation_handle, .pcrs = config->pcrs};
  if (tpm_esys_open(&unit.tpm, config->tcti, &keys, &unit.ports.tpm) != STATUS_OK) return false;
  unit.tpm.sign_us = config->sign_us;
  return true;
}

static void open_rest(void) {
  unit.ports.clock = linux_clock(&unit.board);
  unit.ports.entropy = linux_entropy(&unit.board);
  unit.ports.sensor = linux_sensor(&unit.board);
  unit.ports.image = linux_image(&unit.board);
  unit.mqtt.host = unit.config.host;
  unit.mqtt.tcp_port = unit.config.port;
  unit.mqtt.device_id = unit.config.device_id;
  unit.mqtt.token = unit.config.token;
}

static int exit_of(enum status status) {
  if (status == STATUS_TPM) return EXIT_TPM;
  if (status == STATUS_STORAGE) return EXIT_STORAGE;
  fprintf(stderr, "the device cannot go on: status %d\n", (int)status);
  return EXIT_INTERNAL;
}

static void say_started(void) {
  printf("{\"event\":\"started\",\"deviceId\":\"%s\",\"keyId\":\"", unit.config.device_id);
  for (unsigned i = 0; i < KEY_ID_BYTES; i++) printf("%02x", unit.device.sender.key_id[i]);
  printf("\",\"bootEpoch\":%u,\"sequence\":%u,\"waiting\":%u}\n", (unsigned)unit.device.sequence.boot_epoch,
         (unsigned)unit.device.sequence.next, (unsigned)unit.device.ring.waiting);
}

/* One reading, where one is due. *taken counts them; false where the device cannot go on. */
static enum status read_if_due(uint32_t *taken, uint32_t *next_at) {
  const struct linux_config *config = &unit.config;
  uint32_t boot_epoch, sequence;
  const uint32_t now = unit.ports.clock.ticks_ms(unit.ports.clock.port);
  if ((config->readings != 0 && *taken >= config->readings) || (int32_t)(now - *next_at) < 0) return STATUS_NONE;
  const enum status status = device_read(&unit.device, &boot_epoch, &sequence);
  if (status == STATUS_FULL) return STATUS_NONE;
  if (status != STATUS_OK) return status;
  (*taken)++;
  /* Late by more than one, it does not catch up. */
  *next_at = now - *next_at > config->interval_ms ? now + config->interval_ms : *next_at + config->interval_ms;
  if (config->trace)
    printf("{\"event\":\"stored\",\"bootEpoch\":%u,\"sequence\":%u}\n", (unsigned)boot_epoch, (unsigned)sequence);
  return STATUS_OK;
}

static int run(void) {
  const struct linux_config *config = &unit.config;
  uint32_t taken = 0, acknowledged = 0, answered = 0;
  uint32_t next_at = unit.ports.clock.ticks_ms(unit.ports.clock.port);
  while (!is_stopped) {
    /* As fast as possible is in stretches: the link wants its turn, too. */
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < DEVICE_BATCH_MAX && status == STATUS_OK; i++) status = read_if_due(&taken, &next_at);
    if (status != STATUS_OK && status != STATUS_NONE) return exit_of(status);
    const bool is_last = config->readings != 0 && taken >= config->readings;
    if (is_last && unit.device.ring.waiting == 0) break;
    unit.device.is_flushing = is_last;
    const int32_t left = (int32_t)(next_at - unit.ports.clock.ticks_ms(unit.ports.clock.port));
    const bool is_reading = !is_last && ring_has_room(&unit.device.ring, FRAME_BYTES_MAX);
    status = device_turn(&unit.device, !is_reading || left > (int32_t)IDLE_MS ? IDLE_MS : left > 0 ? (uint32_t)left : 0);
    if (status != STATUS_OK) return exit_of(status);
    if (config->trace && unit.device.acknowledged != acknowledged)
      printf("{\"event\":\"acknowledged\",\"readings\":%u}\n", (unsigned)unit.device.acknowledged);
    acknowledged = unit.device.acknowledged;
    if (config->trace && unit.device.attest.answered != answered)
      printf("{\"event\":\"attested\",\"answered\":%u,\"failed\":%u}\n", (unsigned)unit.device.attest.answered,
             (unsigned)unit.device.attest.failed);
    answered = unit.device.attest.answered;
  }
  printf("{\"event\":\"stopped\",\"readings\":%u,\"acknowledged\":%u,\"waiting\":%u}\n", (unsigned)taken,
         (unsigned)unit.device.acknowledged, (unsigned)unit.device.ring.waiting);
  return 0;
}

static int start_and_run(void) {
  if (!to_device_config(&unit.config, &unit.device_config)) return EXIT_CONFIG;
  if (!open_storage()) return EXIT_STORAGE;
  if (linux_board_open(&unit.board, unit.config.clock_offset_ms, unit.config.seed) != STATUS_OK) return EXIT_INTERNAL;
  open_rest();
  if (!open_tpm()) return EXIT_TPM;
  if (radio_mqtt_open(&unit.mqtt, &unit.ports.radio) != STATUS_OK) return EXIT_INTERNAL;
  const enum status status = device_start(&unit.device, &unit.device_config, &unit.ports);
  if (status != STATUS_OK) return exit_of(status);
  say_started();
  return run();
}

int main(int argc, char **argv) {
  if (argc != 3 || strcmp(argv[1], "--config") != 0) {
    fprintf(stderr, "usage: msec-device --config FILE\n");
    return EXIT_USAGE;
  }
  const struct sigaction ends = {.sa_handler = stop};
  (void)sigaction(SIGTERM, &ends, NULL);
  (void)sigaction(SIGINT, &ends, NULL);
  (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  if (!read_config(argv[2], &unit.config)) return EXIT_CONFIG;
  unit.journal.descriptor = unit.ring.descriptor = unit.board.image = -1;
  const int code = start_and_run();
  radio_mqtt_close(&unit.mqtt);
  tpm_esys_close(&unit.tpm);
  storage_file_close(&unit.journal);
  storage_file_close(&unit.ring);
  linux_board_close(&unit.board);
  return code;
}

/* The configuration of the Linux port: lines of `key = value`, as docs/firmware.md lists them. */
#ifndef MSEC_LINUX_CONFIG_H
#define MSEC_LINUX_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/device.h"

#define CONFIG_TEXT_MAX 256
#define CONFIG_FILE_MAX 16384

struct linux_config {
  char device_id[CONFIG_TEXT_MAX];
  char token[CONFIG_TEXT_MAX];
  char token_file[CONFIG_TEXT_MAX];
  char host[CONFIG_TEXT_MAX];
  uint16_t port;
  char tcti[CONFIG_TEXT_MAX];
  char storage[CONFIG_TEXT_MAX];
  bool storage_sync;
  uint32_t ring_pages;
  enum frame_type frame;
  char identity[CONFIG_TEXT_MAX];
  enum envelope_mode mode;
  uint32_t batch;
  uint32_t linger_ms;
  uint32_t interval_ms;
  /* 0: without end. */
  uint32_t readings;
  char receiver_key[CONFIG_TEXT_MAX];
  /* 0: that of the mode. */
  uint32_t signing_handle;
  /* 0: no challenge is answered. */
  uint32_t attestation_handle;
  /* What a signature takes at least, as with a chip. */
  uint32_t sign_us;
  /* A bit for each PCR that the key is bound to. */
  uint32_t pcrs;
  uint32_t measure_pcr;
  int32_t clock_offset_ms;
  uint32_t seed;
  bool trace;
};

struct config_fault {
  /* From 1; 0: of the file as a whole. */
  unsigned line;
  const char *says;
};

/* False with the first fault. `text` needs no NUL at its end. */
bool config_parse(const char *text, size_t length, struct linux_config *config, struct config_fault *fault);

#endif

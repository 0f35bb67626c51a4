#include "ports/linux/config.h"

#include <string.h>

struct span {
  const char *at;
  size_t length;
};

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static struct span trimmed(struct span text) {
  while (text.length > 0 && is_space(text.at[0])) text.at++, text.length--;
  while (text.length > 0 && is_space(text.at[text.length - 1])) text.length--;
  return text;
}

static bool equals(struct span text, const char *other) {
  return text.length == strlen(other) && memcmp(text.at, other, text.length) == 0;
}

static bool read_text(struct span value, char into[CONFIG_TEXT_MAX]) {
  if (value.length == 0 || value.length >= CONFIG_TEXT_MAX || memchr(value.at, '\0', value.length) != NULL) return false;
  memcpy(into, value.at, value.length);
  into[value.length] = '\0';
  return true;
}

/* Decimal, or hexadecimal after 0x. */
static bool read_number(struct span value, uint64_t max, uint64_t *number) {
  const bool is_hex = value.length > 2 && value.at[0] == '0' && value.at[1] == 'x';
  const uint64_t base = is_hex ? 16 : 10;
  *number = 0;
  if (value.length == 0) return false;
  for (size_t i = is_hex ? 2 : 0; i < value.length; i++) {
    const char c = value.at[i];
    uint64_t digit;
    if (c >= '0' && c <= '9') digit = (uint64_t)(c - '0');
    else if (is_hex && c >= 'a' && c <= 'f') digit = (uint64_t)(c - 'a') + 10;
    else if (is_hex && c >= 'A' && c <= 'F') digit = (uint64_t)(c - 'A') + 10;
    else return false;
    *number = *number * base + digit;
    if (*number > max) return false;
  }
  return true;
}

static bool read_u32(struct span value, uint32_t min, uint32_t max, uint32_t *into) {
  uint64_t number;
  if (!read_number(value, max, &number) || number < min) return false;
  *into = (uint32_t)number;
  return true;
}

static bool read_offset(struct span value, int32_t *into) {
  const bool is_negative = value.length > 0 && value.at[0] == '-';
  const struct span digits = {value.at + (is_negative ? 1 : 0), value.length - (is_negative ? 1 : 0)};
  uint64_t number;
  if (!read_number(digits, INT32_MAX, &number)) return false;
  *into = is_negative ? -(int32_t)number : (int32_t)number;
  return true;
}

static bool read_flag(struct span value, bool *into) {
  *into = equals(value, "yes");
  return *into || equals(value, "no");
}

/* host:port; the host may be an IPv6 address, with its colons. */
static bool read_broker(struct span value, struct linux_config *config) {
  size_t colon = value.length;
  uint64_t port;
  while (colon > 0 && value.at[colon - 1] != ':') colon--;
  if (colon == 0) return false;
  const struct span host = {value.at, colon - 1};
  const struct span digits = {value.at + colon, value.length - colon};
  if (!read_text(host, config->host) || !read_number(digits, 65535, &port) || port == 0) return false;
  config->port = (uint16_t)port;
  return true;
}

static bool read_pcrs(struct span value, uint32_t *mask) {
  *mask = 0;
  for (;;) {
    size_t comma = 0;
    uint32_t pcr;
    while (comma < value.length && value.at[comma] != ',') comma++;
    if (!read_u32(trimmed((struct span){value.at, comma}), 0, 23, &pcr)) return false;
    *mask |= 1u << pcr;
    if (comma == value.length) return true;
    value = (struct span){value.at + comma + 1, value.length - comma - 1};
  }
}

static bool read_mode(struct span value, enum envelope_mode *mode) {
  if (equals(value, "frame")) *mode = MODE_FRAME;
  else if (equals(value, "batch")) *mode = MODE_BATCH;
  else if (equals(value, "session")) *mode = MODE_SESSION;
  else return false;
  return true;
}

static bool read_frame(struct span value, enum frame_type *frame) {
  if (equals(value, "enmon")) *frame = FRAME_ENMON;
  else if (equals(value, "nucleo")) *frame = FRAME_NUCLEO;
  else return false;
  return true;
}

static bool read_measure(struct span value, uint32_t *pcr) {
  if (!equals(value, "none")) return read_u32(value, 0, 23, pcr);
  *pcr = DEVICE_NO_PCR;
  return true;
}

static bool read_attestation(struct span value, uint32_t *handle) {
  if (!equals(value, "none")) return read_u32(value, 0x81000000u, 0x81ffffffu, handle);
  *handle = 0;
  return true;
}

static bool read_device_id(struct span value, char into[CONFIG_TEXT_MAX]) {
  return is_device_id(value.at, value.length) && read_text(value, into);
}

static const char *set_text(struct linux_config *config, struct span key, struct span value, bool *known) {
  *known = true;
  if (equals(key, "device-id"))
    return read_device_id(value, config->device_id) ? NULL : "device-id: 1 to 64 of A-Z a-z 0-9 . _ : -";
  if (equals(key, "token")) return read_text(value, config->token) ? NULL : "token: a text";
  if (equals(key, "token-file")) return read_text(value, config->token_file) ? NULL : "token-file: a path";
  if (equals(key, "broker")) return read_broker(value, config) ? NULL : "broker: host:port";
  if (equals(key, "tcti")) return read_text(value, config->tcti) ? NULL : "tcti: as tpm2-tools take it";
  if (equals(key, "storage")) return read_text(value, config->storage) ? NULL : "storage: a folder";
  if (equals(key, "frame")) return read_frame(value, &config->frame) ? NULL : "frame: enmon or nucleo";
  if (equals(key, "identity")) return read_text(value, config->identity) ? NULL : "identity: digits";
  if (equals(key, "mode")) return read_mode(value, &config->mode) ? NULL : "mode: frame, batch or session";
  if (equals(key, "receiver-key")) return read_text(value, config->receiver_key) ? NULL : "receiver-key: a PEM file";
  *known = false;
  return NULL;
}

static const char *set_number(struct linux_config *config, struct span key, struct span value, bool *known) {
  const struct {
    const char *key;
    uint32_t min;
    uint32_t max;
    uint32_t *into;
    const char *says;
  } numbers[] = {
      {"batch", 1, DEVICE_BATCH_MAX, &config->batch, "batch: 1 to 1024 frames"},
      {"linger-ms", 0, 3600000, &config->linger_ms, "linger-ms: 0 to 3600000"},
      {"interval-ms", 0, 86400000, &config->interval_ms, "interval-ms: 0 to 86400000"},
      {"readings", 0, UINT32_MAX, &config->readings, "readings: a count"},
      {"ring-pages", 2, 65536, &config->ring_pages, "ring-pages: 2 to 65536 pages of 64 KiB"},
      {"sign-us", 0, 10000000, &config->sign_us, "sign-us: 0 to 10000000"},
      {"signing-handle", 0x81000000u, 0x81ffffffu, &config->signing_handle, "signing-handle: such as 0x81000010"},
      {"seed", 1, UINT32_MAX, &config->seed, "seed: from 1 on"},
  };
  *known = true;
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (!equals(key, numbers[i].key)) continue;
    return read_u32(value, numbers[i].min, numbers[i].max, numbers[i].into) ? NULL : numbers[i].says;
  }
  if (equals(key, "pcrs")) return read_pcrs(value, &config->pcrs) ? NULL : "pcrs: numbers from 0 to 23";
  if (equals(key, "measure-pcr"))
    return read_measure(value, &config->measure_pcr) ? NULL : "measure-pcr: 0 to 23, or none";
  if (equals(key, "attestation-handle"))
    return read_attestation(value, &config->attestation_handle) ? NULL : "attestation-handle: such as 0x81000011, or none";
  if (equals(key, "clock-offset-ms"))
    return read_offset(value, &config->clock_offset_ms) ? NULL : "clock-offset-ms: milliseconds, also below 0";
  if (equals(key, "storage-sync")) return read_flag(value, &config->storage_sync) ? NULL : "storage-sync: yes or no";
  if (equals(key, "trace")) return read_flag(value, &config->trace) ? NULL : "trace: yes or no";
  *known = false;
  return NULL;
}

/* NULL where the value is taken; else what it must be. */
static const char *set(struct linux_config *config, struct span key, struct span value) {
  bool known;
  const char *says = set_text(config, key, value, &known);
  if (!known) says = set_number(config, key, value, &known);
  return known ? says : "no such key";
}

static const char *missing(const struct linux_config *config) {
  if (config->device_id[0] == '\0') return "device-id is missing";
  if (config->token[0] == '\0' && config->token_file[0] == '\0') return "token or token-file is missing";
  if (config->host[0] == '\0') return "broker is missing";
  if (config->tcti[0] == '\0') return "tcti is missing";
  if (config->storage[0] == '\0') return "storage is missing";
  if (!is_identity(config->frame, config->identity, strlen(config->identity)))
    return "identity: 15 digits for enmon, 12 for nucleo";
  if (config->mode == MODE_SESSION && config->receiver_key[0] == '\0') return "receiver-key is missing";
  return NULL;
}

bool config_parse(const char *text, size_t length, struct linux_config *config, struct config_fault *fault) {
  memset(config, 0, sizeof *config);
  config->storage_sync = true;
  config->ring_pages = 64;
  config->mode = MODE_FRAME;
  config->batch = 64;
  config->linger_ms = 5000;
  config->interval_ms = 1000;
  config->measure_pcr = 14;
  config->attestation_handle = 0x81000011u;
  config->seed = 1;
  size_t at = 0;
  for (fault->line = 1; at < length; fault->line++) {
    size_t end = at;
    while (end < length && text[end] != '\n') end++;
    struct span line = {text + at, end - at};
    for (size_t i = 0; i < line.length; i++) {
      /* A value may hold a number sign; a comment has a space before it. */
      if (line.at[i] == '#' && (i == 0 || is_space(line.at[i - 1]))) line.length = i;
    }
    line = trimmed(line);
    at = end + 1;
    if (line.length == 0) continue;
    size_t sign = 0;
    while (sign < line.length && line.at[sign] != '=') sign++;
    fault->says = "key = value is expected";
    if (sign == line.length) return false;
    const struct span key = trimmed((struct span){line.at, sign});
    const struct span value = trimmed((struct span){line.at + sign + 1, line.length - sign - 1});
    fault->says = set(config, key, value);
    if (fault->says != NULL) return false;
  }
  fault->line = 0;
  fault->says = missing(config);
  return fault->says == NULL;
}

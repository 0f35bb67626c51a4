#include "ports/linux/receiver_key.h"

#include <string.h>

static const char BEGIN[] = "-----BEGIN PUBLIC KEY-----";
static const char END[] = "-----END PUBLIC KEY-----";

static int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

static const char *find(const char *text, size_t length, const char *what) {
  const size_t size = strlen(what);
  for (size_t i = 0; i + size <= length; i++) {
    if (memcmp(text + i, what, size) == 0) return text + i;
  }
  return NULL;
}

bool receiver_key_parse(const char *text, size_t length, uint8_t point[P256_POINT_BYTES]) {
  uint8_t der[P256_SPKI_BYTES];
  size_t written = 0;
  uint32_t bits = 0;
  unsigned held = 0;
  const char *begin = find(text, length, BEGIN);
  if (begin == NULL) return false;
  begin += sizeof BEGIN - 1;
  const char *end = find(begin, length - (size_t)(begin - text), END);
  if (end == NULL) return false;
  for (const char *at = begin; at < end; at++) {
    if (*at == '\n' || *at == '\r' || *at == '=') continue;
    const int value = base64_value(*at);
    if (value < 0) return false;
    bits = (bits << 6) | (uint32_t)value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (written == sizeof der) return false;
    der[written++] = (uint8_t)(bits >> held);
  }
  if (written != sizeof der || memcmp(der, P256_SPKI_HEAD, P256_SPKI_HEAD_BYTES) != 0) return false;
  memcpy(point, der + P256_SPKI_HEAD_BYTES, P256_POINT_BYTES);
  return true;
}

/*
 * The way to the bridge. An NB-IoT modem with MQTT of its own, or an MQTT client on a socket: either takes a message and
 * says later that the bridge has it. Acknowledgements come in the order of the messages.
 */
#ifndef MSEC_HAL_RADIO_H
#define MSEC_HAL_RADIO_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum radio_event_kind {
  RADIO_NOTHING,
  RADIO_UP,
  /* What was not acknowledged until now never will be. */
  RADIO_DOWN,
  RADIO_ACKNOWLEDGED,
  /* The bridge asks for evidence. Of several that wait, the newest is enough. */
  RADIO_CHALLENGE,
};

struct radio_event {
  enum radio_event_kind kind;
  uint32_t ticket;
  /* Of a challenge: as they came, and the radio's again with the next call. */
  const uint8_t *bytes;
  size_t length;
};

enum radio_channel { RADIO_FRAMES, RADIO_EVIDENCE };

struct radio {
  void *port;
  /* Begins to connect; RADIO_UP or RADIO_DOWN follows. */
  enum status (*connect)(void *port);
  /* The bytes are the caller's again once it returns. */
  enum status (*publish)(void *port, enum radio_channel channel, const uint8_t *bytes, size_t length, uint32_t *ticket);
  /* The next event, or RADIO_NOTHING after `wait_ms` at the latest. */
  enum status (*poll)(void *port, uint32_t wait_ms, struct radio_event *event);
};

#endif

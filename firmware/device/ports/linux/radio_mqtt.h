/* The radio as an MQTT 3.1.1 client (libmosquitto), QoS 1. What is not acknowledged when a connection ends is forgotten. */
#ifndef MSEC_LINUX_RADIO_MQTT_H
#define MSEC_LINUX_RADIO_MQTT_H

#include <stdbool.h>

#include "core/challenge.h"
#include "hal/radio.h"

#define RADIO_EVENTS_MAX 64

struct radio_mqtt {
  const char *host;
  uint16_t tcp_port;
  const char *device_id;
  const char *token;
  char frames_topic[96];
  char evidence_topic[96];
  char challenge_topic[96];
  char notices_topic[96];
  struct mosquitto *client;
  /* From connect to the end of that connection. */
  bool is_open;
  struct radio_event events[RADIO_EVENTS_MAX];
  unsigned first;
  unsigned count;
  /* The newest, until it is asked for. */
  bool has_challenge;
  size_t challenge_length;
  uint8_t challenge[CHALLENGE_BYTES_MAX];
};

enum status radio_mqtt_open(struct radio_mqtt *mqtt, struct radio *radio);
void radio_mqtt_close(struct radio_mqtt *mqtt);

#endif

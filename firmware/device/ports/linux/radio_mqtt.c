#include "ports/linux/radio_mqtt.h"

#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define KEEP_ALIVE_S 60
#define QOS 1

static void add_event(struct radio_mqtt *mqtt, enum radio_event_kind kind, uint32_t ticket) {
  /* What came before the end of a connection is void with it. There are never more than the window's and two. */
  if (kind == RADIO_DOWN || mqtt->count == RADIO_EVENTS_MAX) mqtt->count = 0;
  mqtt->events[(mqtt->first + mqtt->count++) % RADIO_EVENTS_MAX] = (struct radio_event){.kind = kind, .ticket = ticket};
}

static void end_connection(struct radio_mqtt *mqtt, const char *why) {
  if (!mqtt->is_open) return;
  mqtt->is_open = mqtt->has_challenge = false;
  fprintf(stderr, "the connection to %s:%u is down: %s\n", mqtt->host, mqtt->tcp_port, why);
  add_event(mqtt, RADIO_DOWN, 0);
}

static void on_connect(struct mosquitto *client, void *port, int code) {
  struct radio_mqtt *mqtt = port;
  if (code != 0) {
    end_connection(mqtt, mosquitto_connack_string(code));
    return;
  }
  (void)mosquitto_subscribe(client, NULL, mqtt->notices_topic, 0);
  /* Refused where the bridge attests no devices. */
  (void)mosquitto_subscribe(client, NULL, mqtt->challenge_topic, QOS);
  add_event(mqtt, RADIO_UP, 0);
}

static void on_disconnect(struct mosquitto *client, void *port, int code) {
  (void)client;
  end_connection(port, mosquitto_strerror(code));
}

/* Of QoS 1: once the bridge's PUBACK is there. */
static void on_publish(struct mosquitto *client, void *port, int message) {
  (void)client;
  add_event(port, RADIO_ACKNOWLEDGED, (uint32_t)message);
}

static void on_message(struct mosquitto *client, void *port, const struct mosquitto_message *message) {
  struct radio_mqtt *mqtt = port;
  const size_t length = message->payloadlen < 0 ? 0 : (size_t)message->payloadlen;
  (void)client;
  if (strcmp(message->topic, mqtt->challenge_topic) != 0) {
    fprintf(stderr, "notice: %.*s\n", (int)length, (const char *)message->payload);
  } else if (length > 0 && length <= sizeof mqtt->challenge) {
    memcpy(mqtt->challenge, message->payload, length);
    mqtt->challenge_length = length;
    mqtt->has_challenge = true;
  }
}

/* A client for each connection: the library would send again by itself what the ring brings again anyway. */
static enum status mqtt_connect(void *port) {
  struct radio_mqtt *mqtt = port;
  if (mqtt->client != NULL) mosquitto_destroy(mqtt->client);
  mqtt->count = 0;
  mqtt->is_open = mqtt->has_challenge = false;
  mqtt->client = mosquitto_new(NULL, true, mqtt);
  if (mqtt->client == NULL) return STATUS_RADIO;
  mosquitto_connect_callback_set(mqtt->client, on_connect);
  mosquitto_disconnect_callback_set(mqtt->client, on_disconnect);
  mosquitto_publish_callback_set(mqtt->client, on_publish);
  mosquitto_message_callback_set(mqtt->client, on_message);
  (void)mosquitto_int_option(mqtt->client, MOSQ_OPT_TCP_NODELAY, 1);
  if (mosquitto_username_pw_set(mqtt->client, mqtt->device_id, mqtt->token) != MOSQ_ERR_SUCCESS) return STATUS_RADIO;
  mqtt->is_open = true;
  const int code = mosquitto_connect(mqtt->client, mqtt->host, mqtt->tcp_port, KEEP_ALIVE_S);
  if (code != MOSQ_ERR_SUCCESS) end_connection(mqtt, code == MOSQ_ERR_ERRNO ? "no answer" : mosquitto_strerror(code));
  return STATUS_OK;
}

static enum status mqtt_publish(void *port, enum radio_channel channel, const uint8_t *bytes, size_t length,
                                uint32_t *ticket) {
  struct radio_mqtt *mqtt = port;
  int message;
  if (!mqtt->is_open) return STATUS_RADIO;
  const char *topic = channel == RADIO_EVIDENCE ? mqtt->evidence_topic : mqtt->frames_topic;
  const int code = mosquitto_publish(mqtt->client, &message, topic, (int)length, bytes, QOS, false);
  if (code != MOSQ_ERR_SUCCESS) return STATUS_RADIO;
  *ticket = (uint32_t)message;
  return STATUS_OK;
}

static enum status mqtt_poll(void *port, uint32_t wait_ms, struct radio_event *event) {
  struct radio_mqtt *mqtt = port;
  const bool is_empty = mqtt->count == 0 && !mqtt->has_challenge;
  if (is_empty && mqtt->is_open) {
    const int code = mosquitto_loop(mqtt->client, (int)wait_ms, 1);
    if (code != MOSQ_ERR_SUCCESS) end_connection(mqtt, mosquitto_strerror(code));
  } else if (is_empty) {
    (void)poll(NULL, 0, (int)wait_ms);
  }
  *event = (struct radio_event){.kind = RADIO_NOTHING};
  if (mqtt->count == 0 && mqtt->has_challenge) {
    mqtt->has_challenge = false;
    *event = (struct radio_event){
        .kind = RADIO_CHALLENGE, .bytes = mqtt->challenge, .length = mqtt->challenge_length};
  }
  if (mqtt->count == 0) return STATUS_OK;
  *event = mqtt->events[mqtt->first];
  mqtt->first = (mqtt->first + 1) % RADIO_EVENTS_MAX;
  mqtt->count--;
  return STATUS_OK;
}

enum status radio_mqtt_open(struct radio_mqtt *mqtt, struct radio *radio) {
  if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) return STATUS_RADIO;
  (void)snprintf(mqtt->frames_topic, sizeof mqtt->frames_topic, "devices/%s/frames", mqtt->device_id);
  (void)snprintf(mqtt->evidence_topic, sizeof mqtt->evidence_topic, "devices/%s/attest/evidence", mqtt->device_id);
  (void)snprintf(mqtt->challenge_topic, sizeof mqtt->challenge_topic, "devices/%s/attest/challenge", mqtt->device_id);
  (void)snprintf(mqtt->notices_topic, sizeof mqtt->notices_topic, "devices/%s/notices", mqtt->device_id);
  *radio = (struct radio){.port = mqtt, .connect = mqtt_connect, .publish = mqtt_publish, .poll = mqtt_poll};
  return STATUS_OK;
}

void radio_mqtt_close(struct radio_mqtt *mqtt) {
  if (mqtt->client != NULL) {
    mqtt->is_open = false;
    (void)mosquitto_disconnect(mqtt->client);
    mosquitto_destroy(mqtt->client);
  }
  mqtt->client = NULL;
  (void)mosquitto_lib_cleanup();
}

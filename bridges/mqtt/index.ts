export type { ConnectionRefused } from './admission.ts';
export { MQTT_LIMITS, MqttBridge, type MqttBridgeOptions, type MqttCounts, type MqttLimits } from './mqtt-bridge.ts';
export { challengeTopic, evidenceTopic, framesTopic, interactionsTopic, noticesTopic } from './mqtt-session.ts';

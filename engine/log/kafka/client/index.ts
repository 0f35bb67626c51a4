export { Cluster, type ClusterOptions, type CoordinatorKind, type Leader } from './cluster.ts';
export { Connection, type ConnectionOptions, type Held, type RequestOptions } from './connection.ts';
export { answerError, KAFKA_ERROR, type KafkaErrorClass, kafkaError, NO_ERROR } from './kafka-errors.ts';
export { type Address, type Network, type Stream, type StreamReceiver, systemNetwork } from './network.ts';
export { ReceiveBuffers } from './receive-buffers.ts';
export type { OauthSasl, OauthToken, SaslOptions } from './sasl.ts';

/** The embedded schema registry: state in a compacted log, compatibility that says why, Confluent's REST face. */
export { type Incompatibility, incompatibilities } from './compatibility.ts';
export { type CompatibilityLevel, LEVELS } from './levels.ts';
export { parseSchema, type SchemaReference } from './parsed-schema.ts';
export { memorySchemaLog, type SchemaLog, type SchemaLogRecord } from './schema-log.ts';
export { type SchemaCandidate, SchemaRegistry, type SubjectVersion } from './schema-registry.ts';
export { type RegistryServer, registryServer } from './server.ts';
export { readWireHeader, WIRE_HEADER_BYTES, wireHeader } from './wire-header.ts';

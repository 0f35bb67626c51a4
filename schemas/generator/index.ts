/** From a frame's description to its codec's source, its Avro schema and its page. */
export { avroSchema } from './avro-schema.ts';
export { cHeader, cSource } from './c-source.ts';
export { codecName, javascriptSource, typescriptSource } from './codec-source.ts';
export { quote } from './dialect.ts';
export { framePage } from './page.ts';

/** Every generated message with the model of its definition, for tests that go through all of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as protocol from '../../../../../engine/log/kafka/protocol/index.ts';
import { readJar } from '../../../../../tools/kafka-protocol/jar.ts';
import { parseSchema, type Schema } from '../../../../../tools/kafka-protocol/schema.ts';
import { fetchKafkaJars } from '../../../../support/kafka-server.ts';

export type AnyMessage = protocol.Message<object, object>;
export type AnyData = protocol.Data<object>;

const exported: readonly unknown[] = Object.values(protocol);
const hasField = (value: unknown, name: string) => typeof value === 'object' && value !== null && name in value;

export const messages: readonly AnyMessage[] = exported.filter((value): value is AnyMessage =>
  hasField(value, 'apiKey'),
);
export const dataStructures: readonly AnyData[] = exported.filter((value): value is AnyData =>
  hasField(value, 'encode'),
);

export interface Half {
  readonly schema: Schema;
  readonly javaClass: string;
  encode(writer: protocol.WireWriter, value: object, version: number): void;
  decode(reader: protocol.WireReader, version: number): object;
}

export async function kafkaClientsJar(): Promise<string> {
  const folder = await fetchKafkaJars();
  const name = readdirSync(folder).find((file) => /^kafka-clients-[\d.]+\.jar$/.test(file));
  if (name === undefined) throw new Error(`${folder} has no jar of kafka-clients`);
  return join(folder, name);
}

/** Requests, answers and data structures. */
export async function allHalves(): Promise<Half[]> {
  const definitions = readJar(readFileSync(await kafkaClientsJar()), 'common/message/');
  const schemaOf = (name: string, versionMax: number) =>
    parseSchema(definitions.get(`common/message/${name}.json`)!.toString('utf8'), versionMax);
  return [
    ...messages.flatMap((message): Half[] => {
      const { name, versions } = message;
      return [
        {
          schema: schemaOf(`${name}Request`, versions.max),
          javaClass: `${name}RequestData`,
          encode: message.encodeRequest,
          decode: message.decodeRequest,
        },
        {
          schema: schemaOf(`${name}Response`, versions.max),
          javaClass: `${name}ResponseData`,
          encode: message.encodeResponse,
          decode: message.decodeResponse,
        },
      ];
    }),
    ...dataStructures.map(
      ({ name, versions, encode, decode }): Half => ({
        schema: schemaOf(name, versions.max),
        javaClass: name,
        encode,
        decode,
      }),
    ),
  ];
}

/**
 * Without Java: bytes that Kafka's own classes wrote, one message of every kind and direction in its
 * oldest, its first flexible and its newest version (`GOLDEN=write` at java-codecs.test.ts).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WireReader, WireWriter } from '../../../../../engine/log/kafka/protocol/index.ts';
import { dataStructures, messages } from './definitions.ts';
import { jsonOf, narrowed } from './message-json.ts';

interface Codec {
  encode(writer: WireWriter, value: object, version: number): void;
  decode(reader: WireReader, version: number): object;
}

const codecs = new Map<string, Codec>([
  ...messages.map((message): [string, Codec] => [
    `${message.name}RequestData`,
    { encode: message.encodeRequest, decode: message.decodeRequest },
  ]),
  ...messages.map((message): [string, Codec] => [
    `${message.name}ResponseData`,
    { encode: message.encodeResponse, decode: message.decodeResponse },
  ]),
  ...dataStructures.map(({ name, encode, decode }): [string, Codec] => [name, { encode, decode }]),
]);

t.test('what Kafka\u2019s own classes wrote is decoded to its values, and back to the same bytes', async (t) => {
  const lines = readFileSync(join(import.meta.dirname, 'golden.txt'), 'utf8')
    .trimEnd()
    .split('\n');
  const seen = new Set<string>();
  for (const line of lines) {
    const [, hex = '', kind = '', version = '', json = ''] = /^(\S*) (\S+) (\d+) (.*)$/.exec(line) ?? [];
    const codec = codecs.get(kind)!;
    seen.add(kind);
    const reader = new WireReader(new Uint8Array(Buffer.from(hex, 'hex')));
    const decoded = codec.decode(reader, Number(version));
    const writer = new WireWriter();
    codec.encode(writer, decoded, Number(version));
    const again = Buffer.concat(writer.take()).toString('hex');
    const isSame = again === hex && reader.bytesLeft === 0 && jsonOf(narrowed(decoded, JSON.parse(json))) === json;
    if (!isSame) t.same([again, jsonOf(narrowed(decoded, JSON.parse(json)))], [hex, json], `${kind} v${version}`);
  }
  t.equal(seen.size, codecs.size);
});

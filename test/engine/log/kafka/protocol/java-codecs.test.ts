// Time limit: 900 s.
// With GOLDEN=write it also writes the file that golden.test.ts reads.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { seededRandom } from '../../../../../engine/base/index.ts';
import { WireReader, WireWriter } from '../../../../../engine/log/kafka/protocol/index.ts';
import { runJavaFile } from '../../../../support/kafka-server.ts';
import { needs } from '../../../../support/needs.ts';
import { allHalves, type Half } from './definitions.ts';
import { jsonOf, narrowed } from './message-json.ts';
import { randomMessage, type Value } from './random-message.ts';

const SAMPLES = 6;
const SEED = Number(process.env.SEED ?? 20_261_125);

interface Sample {
  readonly half: Half;
  readonly version: number;
  readonly value: Value;
}

if (needs(t, 'java', 'javac', 'mvn')) await main();

async function main(): Promise<void> {
  const random = seededRandom(SEED);
  const samples: Sample[] = [];
  for (const half of await allHalves()) {
    const { min, max } = half.schema.versions;
    for (let version = min; version <= max; version++) {
      for (let i = 0; i < SAMPLES; i++)
        samples.push({ half, version, value: randomMessage(half.schema, version, random) });
    }
  }
  const lines = samples.map(({ half, version, value }) => `${half.javaClass} ${version} ${jsonOf(value)}\n`);
  const java = await runJavaFile(join(import.meta.dirname, 'JavaCodecs.java'), lines.join(''));
  t.equal(java.code, 0, java.stderr);
  const written = java.stdout.trimEnd().split('\n');
  t.equal(written.length, samples.length);

  if (process.env.GOLDEN === 'write') {
    const golden = samples.flatMap(({ half, version }, i) => {
      const { versions, flexibleFrom } = half.schema;
      const isKept = i % SAMPLES === 0 && [versions.min, flexibleFrom, versions.max].includes(version);
      return isKept ? `${written[i]} ${lines[i]}` : [];
    });
    writeFileSync(join(import.meta.dirname, 'golden.txt'), golden.join(''));
  }

  t.test(`what is encoded is what Kafka's own classes write (seed ${SEED})`, async (t) => {
    const wrong: string[] = [];
    for (const [i, { half, version, value }] of samples.entries()) {
      const writer = new WireWriter();
      half.encode(writer, value, version);
      const hex = Buffer.concat(writer.take()).toString('hex');
      if (hex !== written[i]) wrong.push(`${half.javaClass} v${version} ${jsonOf(value)}: ${hex}, not ${written[i]}`);
    }
    t.same(wrong.slice(0, 3), []);
  });

  t.test("what Kafka's own classes wrote is decoded to every field's value, and back to the same bytes", async (t) => {
    for (const [i, { half, version, value }] of samples.entries()) {
      const bytes = new Uint8Array(Buffer.from(written[i]!, 'hex'));
      const reader = new WireReader(bytes);
      const decoded = half.decode(reader, version);
      const writer = new WireWriter();
      half.encode(writer, decoded, version);
      const again = Buffer.concat(writer.take()).toString('hex');
      const isSame = again === written[i] && reader.bytesLeft === 0;
      if (isSame && JSON.stringify(narrowed(decoded, value)) === JSON.stringify(value)) continue;
      t.same(
        { decoded: narrowed(decoded, value), again },
        { decoded: value, again: written[i] },
        `${half.javaClass} v${version}`,
      );
      return;
    }
    t.pass(`${samples.length} messages`);
  });
}

/** Kinds of files as libmagic 5.44 tells them, which Suricata asks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { kindOfFile } from '../../../../actors/detect/file-kind/index.ts';

/** The bytes in hexadecimal, and what libmagic of Debian 12 says of them. */
const KINDS = JSON.parse(readFileSync(join(import.meta.dirname, 'kinds-by-libmagic.json'), 'utf8')) as [
  string,
  string,
][];

t.test('kinds are told in the words of libmagic 5.44', async (t) => {
  for (const [hex, kind] of KINDS) t.equal(kindOfFile(Buffer.from(hex, 'hex')), kind);
});

t.test('what it has told before changes nothing, and nobody hears of an error in the process', async (t) => {
  const listeners = process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
  for (let i = 0; i < 50; i += 1)
    t.equal(kindOfFile(Buffer.from('x'.repeat(i * 2048 + 1))), kindOfFile(Buffer.from('x'.repeat(i * 2048 + 1))));
  t.equal(process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection'), listeners);
});

import t from 'tap';
import { murmur2, partitionForKey } from '../../../engine/batch/index.ts';

const encode = (text: string) => new TextEncoder().encode(text);

t.test('murmur2 gives what Kafka’s own UtilsTest expects', async (t) => {
  const vectors: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of vectors) t.equal(murmur2(encode(key)), hash, key);
});

t.test('a key inside of a longer buffer is hashed by its slice alone', async (t) => {
  for (const key of ['', 'a', 'ab', 'abc', 'abcd', 'abcde']) {
    t.equal(murmur2(encode(`xx${key}yyy`), 2, 2 + key.length), murmur2(encode(key)), JSON.stringify(key));
  }
});

t.test('the partition clears the sign bit as Kafka’s toPositive does', async (t) => {
  for (const key of ['21', 'foobar', 'abc']) {
    const hash = murmur2(encode(key));
    t.equal(partitionForKey(encode(key), 0, key.length, 7), Number(BigInt(hash) & 0x7fffffffn) % 7, key);
  }
});

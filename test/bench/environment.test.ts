// What a result says of the machine's memory, and when a run warns.
import t from 'tap';
import { environment, memoryAtStart, warnings } from '../../bench/environment.ts';

const MEMINFO = `MemTotal:       24684096 kB
MemFree:         3026484 kB
MemAvailable:   20278636 kB
Buffers:          232792 kB
Cached:         18042008 kB
SwapCached:            0 kB
`;

t.test('free memory and page cache are those of the kernel, in halves of a gibibyte', async (t) => {
  t.same(memoryAtStart(MEMINFO), { freeGigabytes: 3, pageCacheGigabytes: 17 });
  t.same(memoryAtStart(''), {}, 'another system');
  t.same(memoryAtStart('MemFree: 3026484 kB\n'), {});
});

t.test('a run warns where files hold so much that new ones must wait for room', async (t) => {
  const here = { ...environment(), memoryGigabytes: 24 };
  t.same(warnings({ ...here, freeGigabytes: 6, pageCacheGigabytes: 17 }), []);
  const [sentence, ...others] = warnings({ ...here, freeGigabytes: 5.5, pageCacheGigabytes: 17.5 });
  t.match(sentence, 'only 5.5 of 24 GiB of memory are free, and the page cache holds 17.5');
  t.same(others, []);
  const { freeGigabytes, pageCacheGigabytes, ...unknown } = here;
  t.same(warnings(unknown), []);
});

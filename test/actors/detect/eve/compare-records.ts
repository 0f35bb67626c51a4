/**
 * Prints how records differ from Suricata's, by how often: `bin/node24 test/actors/detect/eve/compare-records.ts
 * [--cases N [--web]] [--seed S] [--only NAME] [--shown N]`.
 */
import { parseArgs } from 'node:util';
import { differences, ourRecords, suricataRecords, tell } from './beside-suricata.ts';
import { generatedScene, type NamedScene, recordedScenes, webScene, writtenScenes } from './scenes.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '0' },
    web: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    shown: { type: 'string', default: '3' },
  },
});

const CASES_A_RUN = 250;
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function* scenes(): Generator<NamedScene> {
  const count = Number(values.cases);
  if (count === 0) yield* [...recordedScenes(), ...writtenScenes()];
  for (let done = 0; done < count; done += CASES_A_RUN)
    yield values.web
      ? webScene(Number(values.seed) + done, Math.min(CASES_A_RUN, count - done))
      : generatedScene(Number(values.seed) + done, CASES_A_RUN, (done / CASES_A_RUN) % 2 === 1);
}

const counts = new Map<string, { count: number; examples: string[] }>();
let compared = 0;
let differing = 0;
for (const scene of scenes()) {
  if (!scene.name.includes(values.only)) continue;
  const theirs = suricataRecords(scene);
  const found = differences(ourRecords(scene), theirs);
  compared += theirs.length;
  differing += found.length;
  say(`${scene.name}: ${theirs.length} records, ${found.length} differ`);
  for (const one of found)
    for (const line of tell(one)) {
      const kind = line.slice(0, line.indexOf(':'));
      const entry = counts.get(kind) ?? { count: 0, examples: [] };
      entry.count += 1;
      if (entry.examples.length < Number(values.shown))
        entry.examples.push(`${scene.name} ${JSON.stringify((one.ours ?? one.theirs)!.pcap_cnt ?? null)}: ${line}`);
      counts.set(kind, entry);
    }
}
for (const [kind, { count, examples }] of [...counts].toSorted((a, b) => b[1].count - a[1].count)) {
  say(`${count} ${kind}`);
  for (const example of examples) say(`    ${example.slice(0, 600)}`);
}
say(`${differing} of ${compared} records differ`);

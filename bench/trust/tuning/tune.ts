/**
 * Tunes one model for the mean over the twelve kinds of networks: `npm run tune-trust -- MODEL FILE SECONDS`. All models have
 * the same budget: so many settings, at random and then beside the best of these, on the same networks, whose seeds do not
 * judge. What is known stands in FILE, and a later call goes on from there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { seededRandom } from '../../../engine/index.ts';
import { inKinds } from '../../workloads/trust/networks.ts';
import { meanOf } from '../../workloads/trust/statistics.ts';
import { simulate } from '../simulator/simulation.ts';
import { drawSetting, neighbourOf, type Setting } from './space.ts';
import { TUNED } from './spaces.ts';

/** Settings of each model: the published one, drawn ones, and neighbours of the best. */
const SETTINGS = 60;
const DRAWN = 50;
const NEIGHBOURS_OF = 5;
/** Networks of each kind that a setting is tried on: all, then the best so many, then the best of these. */
const ROUNDS_OF_TRIALS: readonly (readonly [kept: number, networks: number])[] = [
  [SETTINGS, 1],
  [6, 3],
  [2, 6],
];
/** Less one. Judging begins at another (`networks.ts`). */
const TUNING_SEED = 10_000;

interface Tried {
  readonly setting: Setting;
  /** Mean satisfaction of the twelve kinds, network by network. */
  readonly means: number[];
}

const [name = '', path = '', seconds = '60'] = process.argv.slice(2);
const tuned = TUNED[name];
if (tuned === undefined || path === '') {
  console.error(`tune.ts MODEL FILE SECONDS, and MODEL is one of ${Object.keys(TUNED).join(', ')}`);
  process.exit(64);
}
const endsAt = performance.now() + Number(seconds) * 1000;
const tried = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Tried[]).slice(0, SETTINGS) : [];
const isDone = tune();
writeFileSync(path, JSON.stringify(tried));
const best = ranked().slice(0, 3);
console.log(`${name}: ${tried.length} of ${SETTINGS} settings${isDone ? ', done' : ''}`);
for (const { setting, means } of best)
  console.log(`${meanOf(means).toFixed(4)} on ${means.length} networks of each kind: ${JSON.stringify(setting)}`);

/** False where time was over before. */
function tune(): boolean {
  while (tried.length < SETTINGS) {
    const one = { setting: settingAt(tried.length), means: [] };
    if (!tryOn(one, 1)) return false;
    tried.push(one);
  }
  for (const [kept, networks] of ROUNDS_OF_TRIALS)
    for (const one of ranked().slice(0, kept)) if (!tryOn(one, networks)) return false;
  return true;
}

/** Which setting comes next follows from those before it. */
function settingAt(at: number): Setting {
  const random = seededRandom(at + 1);
  if (at === 0) return tuned!.begin;
  if (at < DRAWN) return drawSetting(tuned!.space, random);
  const parents = tried.slice(0, DRAWN).sort((a, b) => b.means[0]! - a.means[0]!);
  return neighbourOf(tuned!.space, parents[at % NEIGHBOURS_OF]!.setting, random);
}

/** Who was tried on more networks was better on fewer. */
function ranked(): Tried[] {
  return tried.toSorted((a, b) => b.means.length - a.means.length || meanOf(b.means) - meanOf(a.means));
}

function tryOn({ setting, means }: Tried, networks: number): boolean {
  while (means.length < networks) {
    if (performance.now() > endsAt) return false;
    const seed = TUNING_SEED + means.length + 1;
    means.push(
      meanOf(
        inKinds((options) =>
          meanOf(simulate({ ...options, seed }, (network) => tuned!.make(setting, network, seed)).satisfaction),
        ),
      ),
    );
  }
  return true;
}

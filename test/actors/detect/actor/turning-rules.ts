/** Bundles for a trial: parts of its rules, of which some cannot be used, and the words that put them in force. */
import {
  type AcceptedRule,
  type BundleSource,
  peekBundle,
  type RefusedBundle,
  RuleShop,
  RulesInForce,
  SENSOR_DEFAULTS,
} from '../../../../actors/detect/index.ts';
import { type Random, randomBelow, seededRandom } from '../../../../engine/base/index.ts';
import { decodeRulesWord, encodeRulesWord } from '../../../../schemas/network/index.ts';
import { rulesFile, unsigned } from '../bundle/bundles.ts';

const REFUSED = 'alert udp any any -> any any (content:"a"; lua:x.lua; sid:999999;)';

export class TurningRules implements BundleSource {
  readonly #rules: readonly AcceptedRule[];
  readonly #random: Random;
  readonly #bundles = new Map<string, Uint8Array | RefusedBundle>();
  readonly #versions: string[] = [];
  #sequence = 0;

  constructor(seed: number, rules: readonly AcceptedRule[]) {
    this.#rules = rules;
    this.#random = seededRandom(seed ^ 0x2b1d);
  }

  read(digest: string): Uint8Array | RefusedBundle | null {
    return this.#bundles.get(digest) ?? null;
  }

  /** Of the next change: an announcement now and then, the word, and the same word or an older one again. */
  next(): readonly Uint8Array[] {
    const random = this.#random;
    this.#sequence += 1;
    const isBack = this.#versions.length > 0 && randomBelow(random, 4) === 0;
    const version = isBack ? 1 + randomBelow(random, this.#versions.length) : this.#add();
    const digest = this.#versions[version - 1]!;
    const word = (phase: 'prepare' | 'use', sequence: number) => encodeRulesWord({ phase, sequence, version, digest });
    return [
      ...(randomBelow(random, 2) === 0 ? [word('prepare', this.#sequence)] : []),
      word('use', this.#sequence),
      ...(randomBelow(random, 3) === 0 ? [word('use', 1 + randomBelow(random, this.#sequence))] : []),
    ];
  }

  /** What must be told of these words. */
  told(words: readonly Uint8Array[], partition: number): readonly unknown[] {
    const { inspect, protocols } = SENSOR_DEFAULTS;
    const force = new RulesInForce(new RuleShop(this, [], { ...inspect, protocols }));
    return words.flatMap((word) => {
      const change = force.take(decodeRulesWord(word, 0, word.length));
      return change === null ? [] : [JSON.parse(JSON.stringify({ partition, ...change.about })) as unknown];
    });
  }

  #add(): number {
    const random = this.#random;
    const chosen = this.#rules.filter(() => randomBelow(random, 3) > 0).map(({ text }) => text);
    const isBad = randomBelow(random, 6) === 0;
    const texts = isBad ? [...chosen, REFUSED] : chosen;
    const version = this.#versions.length + 1;
    const bundle = unsigned([rulesFile(...texts)], { version, rules: texts.length });
    const { digest } = peekBundle(bundle);
    this.#bundles.set(
      digest,
      randomBelow(random, 12) === 0 ? { refused: 'no key that is trusted has signed it' } : bundle,
    );
    this.#versions.push(digest);
    return version;
  }
}

/**
 * The sets of rules of one thread, made from the bundles that lie beside it. All tasks of the thread share a set: 30,000
 * rules take some hundred MB. A set that is announced is made in small steps between the packets of whoever calls `step`, and,
 * with a clock, between all else that the thread does, so that nobody waits longer than for a step. One that is asked for before it
 * is ready pauses whoever asks, with a clock; without one it is made to its end at once.
 */
import { type Clock, errorData, MsecError } from '../../../engine/index.ts';
import { type CompiledRules, compileRules, RuleLine, type RuleSurroundings } from '../inspect/index.ts';
import type { AnyProtocol } from '../protocols/index.ts';
import { finished, type Steps } from '../rules/finished.ts';
import type { AcceptedRule } from '../rules/rule-set.ts';
import { compilingBundle } from './compile-bundle.ts';
import { openKnownBundle } from './rule-bundle.ts';

/** A bundle that was refused where it came in, and why. */
export interface RefusedBundle {
  readonly refused: string;
}

/** Where bundles lie that a trusted key has signed. */
export interface BundleSource {
  /** null: it has not come yet. */
  read(digest: string): Uint8Array | RefusedBundle | null;
}

interface Making {
  readonly digest: string;
  readonly steps: Steps<CompiledRules>;
  /** Somebody waits for it: what it comes to is kept until it is asked for again. */
  isAwaited: boolean;
}

/** What somebody waits for, made or failed. */
type Awaited = { readonly rules: CompiledRules } | { readonly thrown: unknown };

/** A few milliseconds of work; what belongs together and takes longer is a step by itself. */
const RULES_A_STEP = 64;
/** Beyond it the oldest that nobody has come for is let go: who comes later waits once more. */
const AWAITED_MAX = 4;
/** Between two steps the thread does what else there is. */
const BETWEEN_STEPS_MS = 1;

export class RuleShop {
  /** In force until there is a bundle. */
  readonly first: CompiledRules;
  readonly #source: BundleSource;
  readonly #protocols: readonly AnyProtocol[];
  readonly #line = new RuleLine();
  /** What a task still uses need not be made again for another one. */
  readonly #made = new Map<string, WeakRef<CompiledRules>>();
  /** The set that was made last is kept, whether a task uses it or not. */
  #newest: { readonly digest: string; readonly rules: CompiledRules } | null = null;
  /** The first one is at work; each digest once, so that there are no more than bundles are asked for. */
  readonly #making: Making[] = [];
  readonly #awaited = new Map<string, Awaited>();
  readonly #clock: Clock | null;
  #isScheduled = false;

  constructor(
    source: BundleSource,
    rules: readonly AcceptedRule[],
    surroundings: Omit<RuleSurroundings, 'ruleSet'>,
    clock: Clock | null = null,
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#protocols = surroundings.protocols;
    this.first = compileRules(rules, { ...surroundings, ruleSet: null }, this.#line);
  }

  /** A bundle will be asked for. What is wrong with it is said then. */
  announce(digest: string): void {
    if (this.#making.length > 0 || this.#kept(digest) !== undefined) return;
    const bundle = this.#source.read(digest);
    if (bundle instanceof Uint8Array) this.#begin(digest, bundle);
  }

  /** Some of the work on what was announced or is waited for; nothing where nothing is. */
  step(): void {
    const [making] = this.#making;
    if (making === undefined) return;
    try {
      for (let did = 0; did < RULES_A_STEP; ) {
        const { done, value } = making.steps.next();
        if (done === true) {
          this.#making.shift();
          const rules = this.#keep(making.digest, value);
          if (making.isAwaited) this.#await(making.digest, { rules });
          return;
        }
        did += value;
      }
    } catch (thrown) {
      // Where nobody waits it is begun anew when it is asked for, and says what is wrong to whoever asks.
      this.#making.shift();
      if (making.isAwaited) this.#await(making.digest, { thrown });
    }
  }

  /** DEPENDENCY_DOWN, which pauses whoever asks, while the set is not there; RULES_INVALID where it cannot be used. */
  rulesOf(digest: string): CompiledRules {
    const awaited = this.#awaited.get(digest);
    this.#awaited.delete(digest);
    if (awaited !== undefined && 'thrown' in awaited) throw awaited.thrown;
    const known = awaited?.rules ?? this.#kept(digest);
    if (known !== undefined) return known;
    const making = this.#making.find((one) => one.digest === digest) ?? this.#begin(digest, this.#bundle(digest));
    if (this.#clock === null) return this.#finish(making);
    making.isAwaited = true;
    throw new MsecError('DEPENDENCY_DOWN', `the rules of the bundle ${digest} are still being made ready`);
  }

  #begin(digest: string, bundle: Uint8Array): Making {
    const making = { digest, steps: this.#compiling(bundle, digest), isAwaited: false };
    this.#making.push(making);
    this.#schedule();
    return making;
  }

  #await(digest: string, awaited: Awaited): void {
    this.#awaited.set(digest, awaited);
    const [oldest] = this.#awaited.keys();
    if (this.#awaited.size > AWAITED_MAX) this.#awaited.delete(oldest!);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#clock === null || this.#making.length === 0) return;
    this.#isScheduled = true;
    const timer = this.#clock.after(BETWEEN_STEPS_MS, () => {
      this.#isScheduled = false;
      this.step();
      this.#schedule();
    });
    timer.unref?.();
  }

  #finish(making: Making): CompiledRules {
    this.#making.splice(this.#making.indexOf(making), 1);
    return this.#keep(making.digest, finished(making.steps));
  }

  #bundle(digest: string): Uint8Array {
    const bundle = this.#source.read(digest);
    if (bundle === null)
      throw new MsecError('DEPENDENCY_DOWN', `the bundle of rules ${digest} has not come to this process yet`);
    if (bundle instanceof Uint8Array) return bundle;
    throw new MsecError('RULES_INVALID', bundle.refused);
  }

  *#compiling(bundle: Uint8Array, digest: string): Steps<CompiledRules> {
    try {
      return yield* compilingBundle(openKnownBundle(bundle, digest), this.#protocols, this.#line);
    } catch (thrown) {
      // The next try may not end otherwise: the record that asks must not wait for one.
      if (thrown instanceof MsecError) throw thrown;
      throw new MsecError('RULES_INVALID', errorData(thrown).message, { cause: thrown });
    }
  }

  #kept(digest: string): CompiledRules | undefined {
    return this.#newest?.digest === digest ? this.#newest.rules : this.#made.get(digest)?.deref();
  }

  #keep(digest: string, rules: CompiledRules): CompiledRules {
    this.#newest = { digest, rules };
    for (const [known, set] of this.#made) if (set.deref() === undefined) this.#made.delete(known);
    this.#made.set(digest, new WeakRef(rules));
    return rules;
  }
}

/**
 * The sets of rules of one thread, made from the bundles that lie beside it. All tasks of the thread share a set: 30,000
 * rules take some hundred MB. A set that is announced is made in small steps between the packets of whoever calls `step`;
 * one that is asked for before it is ready is made to its end at once.
 */
import { errorData, MsecError } from '../../../engine/index.ts';
import { type CompiledRules, compileRules, RuleLine, type RuleSurroundings } from '../inspect/index.ts';
import type { AnyProtocol } from '../protocols/index.ts';
import type { Steps } from '../rules/finished.ts';
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
}

/** A few milliseconds of work; what belongs together and takes longer is a step by itself. */
const RULES_A_STEP = 64;

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
  #making: Making | null = null;

  constructor(source: BundleSource, rules: readonly AcceptedRule[], surroundings: Omit<RuleSurroundings, 'ruleSet'>) {
    this.#source = source;
    this.#protocols = surroundings.protocols;
    this.first = compileRules(rules, { ...surroundings, ruleSet: null }, this.#line);
  }

  /** A bundle will be asked for. What is wrong with it is said then. */
  announce(digest: string): void {
    if (this.#making !== null || this.#kept(digest) !== undefined) return;
    const bundle = this.#source.read(digest);
    if (bundle instanceof Uint8Array) this.#making = { digest, steps: this.#compiling(bundle, digest) };
  }

  /** Some of the work on what was announced; nothing where nothing was. */
  step(): void {
    const making = this.#making;
    if (making === null) return;
    try {
      for (let did = 0; did < RULES_A_STEP; ) {
        const { done, value } = making.steps.next();
        if (done === true) {
          this.#keep(making.digest, value);
          return;
        }
        did += value;
      }
    } catch {
      // It is begun anew when it is asked for, and says what is wrong to whoever asks.
      this.#making = null;
    }
  }

  /** DEPENDENCY_DOWN, which pauses whoever asks, while the bundle is not there; RULES_INVALID where it cannot be used. */
  rulesOf(digest: string): CompiledRules {
    const known = this.#kept(digest);
    if (known !== undefined) return known;
    const steps = this.#making?.digest === digest ? this.#making.steps : this.#compiling(this.#bundle(digest), digest);
    this.#making = null;
    for (;;) {
      const { done, value } = steps.next();
      if (done === true) return this.#keep(digest, value);
    }
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
    this.#making = null;
    this.#newest = { digest, rules };
    for (const [known, set] of this.#made) if (set.deref() === undefined) this.#made.delete(known);
    this.#made.set(digest, new WeakRef(rules));
    return rules;
  }
}

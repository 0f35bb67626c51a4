/**
 * The real trust actor under the simulator: what a run tells goes as a record of `trust.interactions` through the engine's task,
 * over its log in memory, and what its model knows is what came out on `trust.scores`. Many runs share an actor, each as a
 * service of its own, so that one batch and one commit serve them all.
 */
import { type Interaction, type ScoreModel, type TrustWindows, trustActor } from '../../../actors/trust/index.ts';
import type { Random } from '../../../engine/index.ts';
import { type ActorDriver, testActor } from '../../../engine/testkit/index.ts';
import type { TrustInteraction } from '../../../schemas/index.ts';
import {
  isPairScore,
  reputationTopics,
  type Score,
  TRUST_INTERACTIONS,
  TRUST_SCORES,
} from '../../../schemas/topics/index.ts';
import { ROUND_MS, type Run, SERVICE } from './simulation.ts';

const BATCH_RECORDS = 4096;
/** A network of few clients is many rounds ahead of one of many. */
const HORIZON_MS = 1_000 * ROUND_MS;
const IDS_MAX = 2 ** 22;

const NOT_MEASURED = { responseMs: null, availability: null, quality: null, reason: null };

export class ActorTrust {
  readonly #driver: ActorDriver;
  readonly #models = new Map<string, ScoreModel>();

  private constructor(driver: ActorDriver) {
    this.#driver = driver;
  }

  static async open(windows: TrustWindows): Promise<ActorTrust> {
    const { smallHalfLifeMs, bigHalfLifeMs } = windows;
    const options = {
      ...{ smallHalfLifeMs, bigHalfLifeMs, services: [], aheadMs: 0 },
      ...{ horizonMs: HORIZON_MS, idsMax: IDS_MAX },
    };
    const actor = trustActor(reputationTopics(), options);
    return new ActorTrust(await testActor(actor, { partitions: 1, batchRecords: BATCH_RECORDS }));
  }

  /** A model that is asked as `model` is, and knows what the actor tells. */
  modelOf(model: ScoreModel): ScoreModel {
    const service = `${SERVICE}-${this.#models.size}`;
    this.#models.set(service, model);
    const observe = ({ id, trustor, trustee, satisfaction, weight, timeMs }: Interaction) => {
      const told: TrustInteraction = { id, trustor, service, satisfaction, weight, time: timeMs, ...NOT_MEASURED };
      this.#driver.send(TRUST_INTERACTIONS, trustee, told, timeMs);
    };
    return {
      name: model.name,
      observe,
      hear: model.hear.bind(model),
      score: (trustor, trustee, _service, nowMs) => model.score(trustor, trustee, service, nowMs),
      choose: (trustor, _service, candidates, nowMs, random: Random) =>
        model.choose(trustor, service, candidates, nowMs, random),
    };
  }

  /** All runs to their ends, a step of each at a time: what all have told in it is told by the actor before the next. */
  async runTogether<T>(runs: readonly Run<T>[]): Promise<T[]> {
    const results = new Array<T>(runs.length);
    let live = [...runs.entries()];
    while (live.length > 0) {
      live = live.filter(([i, run]) => {
        const step = run.next();
        if (step.done === true) results[i] = step.value;
        return step.done !== true;
      });
      await this.#settle();
    }
    const refused = this.#driver.letters(TRUST_INTERACTIONS);
    if (refused.length > 0) throw new Error(`${refused.length} interactions were refused: ${refused[0]!.message}`);
    return results;
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #settle(): Promise<void> {
    await this.#driver.settle();
    for (const { value: score } of this.#driver.takeOutputs<Score>(TRUST_SCORES)) {
      if (!isPairScore(score)) continue;
      const { trustor, trustee, service, trust, small, big, at, interactions } = score;
      const opinion = {
        ...{ trust, recent: small.mean, evidence: small.evidence, lasting: big.mean },
        ...{ lastingEvidence: big.evidence, atMs: at },
      };
      this.#models.get(service)!.hear(trustor, trustee, service, opinion, interactions);
    }
  }
}

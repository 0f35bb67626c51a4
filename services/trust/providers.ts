/**
 * The providers of one service, by columns: what all their raters say of each together, how it performs, how it stands,
 * and where. A question walks all of them, so nothing here is an object.
 */
import type { Standing } from '../../schemas/index.ts';
import { OWN_BATCH } from './batch-draw.ts';
import { grown, lengthFor } from './columns.ts';
import type { SpherePoint } from './place.ts';

/** untrusted: a device that was revoked, or that has not proved its state so often that it is in quarantine. */
export type ShownStanding = Standing | 'untrusted';
/** How providers stand, as numbers: from BARRED_FROM on nobody is recommended. */
export const STANDINGS_IN_ORDER: readonly ShownStanding[] = [
  'normal',
  'reintegrated',
  'blacklisted',
  'permanent',
  'untrusted',
];
export const BARRED_FROM = STANDINGS_IN_ORDER.indexOf('blacklisted');
const UNTRUSTED = STANDINGS_IN_ORDER.indexOf('untrusted');

const FIRST = 256;

export class Providers {
  /** Providers are below it; those that are gone have no name. */
  end = 0;
  size = 0;
  name = new Int32Array(FIRST);
  raters = new Uint32Array(FIRST);
  /** Σ belief · W of the small window, and Σ belief · W · μ, at the graph's epoch. */
  now = new Float64Array(FIRST);
  nowSatisfied = new Float64Array(FIRST);
  /** The same of the big window. */
  ever = new Float64Array(FIRST);
  everSatisfied = new Float64Array(FIRST);
  /** Σ T, and of how many raters. */
  trust = new Float64Array(FIRST);
  trusting = new Uint32Array(FIRST);
  /** Changes of these sums since they were last summed up anew. */
  changes = new Uint32Array(FIRST);
  interactions = new Float64Array(FIRST);
  requests = new Float64Array(FIRST);
  /** R′, NaN where nothing was measured. */
  reliability = new Float64Array(FIRST);
  /** As it counts. */
  standing = new Uint8Array(FIRST);
  /** As the scores tell it, whether its device is trusted or not. */
  #told = new Uint8Array(FIRST);
  /** 1: there is a record of the provider itself, not only of pairs. */
  isTold = new Uint8Array(FIRST);
  /** What it was enrolled with; OWN_BATCH: by itself. */
  batch = new Int32Array(FIRST);
  /** A point on the unit sphere; x is NaN where nobody has said where it is. */
  x = new Float64Array(FIRST);
  y = new Float64Array(FIRST);
  z = new Float64Array(FIRST);
  #ofName = new Int32Array(0);
  readonly #free: number[] = [];

  /** -1: the name provides nothing. */
  find(name: number): number {
    return name >= 0 && name < this.#ofName.length ? this.#ofName[name]! - 1 : -1;
  }

  add(name: number): number {
    const index = this.#free.pop() ?? this.#append();
    if (name >= this.#ofName.length) this.#ofName = grown(this.#ofName, lengthFor(this.#ofName.length, name + 1));
    this.#ofName[name] = index + 1;
    this.name[index] = name;
    for (const column of this.#sums()) column[index] = 0;
    this.standing[index] = 0;
    this.#told[index] = 0;
    this.isTold[index] = 0;
    this.batch[index] = OWN_BATCH;
    this.reliability[index] = Number.NaN;
    this.x[index] = Number.NaN;
    this.size++;
    return index;
  }

  remove(index: number): void {
    this.#ofName[this.name[index]!] = 0;
    this.name[index] = -1;
    this.#free.push(index);
    this.size--;
  }

  /** Null: nobody knows where it is. */
  put(index: number, point: SpherePoint | null): void {
    this.x[index] = point?.x ?? Number.NaN;
    this.y[index] = point?.y ?? Number.NaN;
    this.z[index] = point?.z ?? Number.NaN;
  }

  stand(index: number, standing: Standing): void {
    this.#told[index] = STANDINGS_IN_ORDER.indexOf(standing);
    if (this.standing[index] !== UNTRUSTED) this.standing[index] = this.#told[index]!;
  }

  distrust(index: number, isUntrusted: boolean): void {
    this.standing[index] = isUntrusted ? UNTRUSTED : this.#told[index]!;
  }

  #append(): number {
    if (this.end === this.name.length) this.#grow(2 * this.end);
    return this.end++;
  }

  #sums() {
    const { raters, now, nowSatisfied, ever, everSatisfied, trust, trusting, changes, interactions, requests } = this;
    return [raters, now, nowSatisfied, ever, everSatisfied, trust, trusting, changes, interactions, requests];
  }

  #grow(length: number): void {
    this.name = grown(this.name, length);
    this.raters = grown(this.raters, length);
    this.now = grown(this.now, length);
    this.nowSatisfied = grown(this.nowSatisfied, length);
    this.ever = grown(this.ever, length);
    this.everSatisfied = grown(this.everSatisfied, length);
    this.trust = grown(this.trust, length);
    this.trusting = grown(this.trusting, length);
    this.changes = grown(this.changes, length);
    this.interactions = grown(this.interactions, length);
    this.requests = grown(this.requests, length);
    this.reliability = grown(this.reliability, length);
    this.standing = grown(this.standing, length);
    this.#told = grown(this.#told, length);
    this.isTold = grown(this.isTold, length);
    this.batch = grown(this.batch, length);
    this.x = grown(this.x, length);
    this.y = grown(this.y, length);
    this.z = grown(this.z, length);
  }
}

/**
 * What must stand in trust.scores and among the dead letters for the interactions of one partition, in the order in which
 * they lie there. Written from the rules of docs/trust.md, apart from the actor: it keeps every interaction, and sums at
 * the end by the formulas in 120 digits.
 */
import { exactTrust } from './exact-trust.ts';

export interface JudgedInteraction {
  readonly trustee: string;
  /** Of the record. */
  readonly receivedMs: number;
  /** null: the record tells the time alone. */
  readonly said: {
    readonly id: string;
    readonly trustor: string;
    readonly service: string;
    readonly satisfaction: number;
    readonly weight: number;
    readonly time: number;
  } | null;
}

export interface JudgedRules {
  /** Powers of two, in milliseconds. */
  readonly smallHalfLifeMs: number;
  readonly bigHalfLifeMs: number;
  readonly horizonMs: number;
  readonly aheadMs: number;
  readonly services: readonly string[];
  /** Absent: no pair is forgotten. */
  readonly forgetMs?: number;
}

export interface ExpectedWindow {
  readonly mean: number;
  readonly deviation: number;
  readonly evidence: number;
}

export interface ExpectedPair {
  readonly trust: number;
  readonly small: ExpectedWindow;
  readonly big: ExpectedWindow;
  readonly interactions: number;
  readonly at: number;
}

export interface ExpectedProvider {
  readonly trust: number;
  readonly smallMean: number;
  readonly bigMean: number;
  readonly evidence: number;
  readonly interactions: number;
  readonly raters: number;
  readonly at: number;
  readonly first: number;
}

export interface ExpectedScores {
  /** By `trustee service trustor`. */
  readonly pairs: ReadonlyMap<string, ExpectedPair>;
  /** By `trustee service`. */
  readonly providers: ReadonlyMap<string, ExpectedProvider>;
  /** The field, or `late`, of each that is refused, in turn. */
  readonly refused: readonly string[];
  readonly repeated: number;
  readonly corrected: number;
  readonly forgotten: number;
}

interface Counted {
  readonly id: string;
  /** The latest that was ever said. */
  newest: number;
  satisfaction: number;
  weight: number;
  time: number;
}

/** Of one record: how far event time has come with it, and what all know of the provider whose interactions it has changed. */
export interface JudgedStep {
  readonly receivedMs: number;
  readonly advancedTo: number | null;
  readonly provider: string | null;
  readonly known: ExpectedProvider | null;
  /** By provider: interactions of pairs that were forgotten then, one after the other. */
  readonly forgotten: ReadonlyMap<string, readonly number[]>;
}

/** `step` hears of each record, where somebody wants to know. */
export function expectedScores(
  records: readonly JudgedInteraction[],
  rules: JudgedRules,
  step: ((step: JudgedStep) => void) | null = null,
): ExpectedScores {
  const counted = new Map<string, Counted[]>();
  const firsts = new Map<string, { time: number; satisfaction: number }>();
  const refused: string[] = [];
  let [repeated, corrected, forgotten] = [0, 0, 0];
  let now = Number.NEGATIVE_INFINITY;
  for (const { trustee, receivedMs, said } of records) {
    let changed: string | null = null;
    if (said !== null) {
      const wrong = wrongIn(trustee, said, receivedMs, now, rules);
      if (wrong === null) {
        const pair = `${trustee} ${said.service} ${said.trustor}`;
        const own = counted.get(pair) ?? [];
        counted.set(pair, own);
        const known = own.find(({ id, time }) => id === said.id && time >= now - rules.horizonMs);
        const { satisfaction, weight, time } = said;
        if (known === undefined) {
          own.push({ id: said.id, satisfaction, weight, time, newest: time });
          const provider = `${trustee} ${said.service}`;
          const first = firsts.get(provider);
          const isEarlier =
            first === undefined || time < first.time || (time === first.time && satisfaction < first.satisfaction);
          if (isEarlier) firsts.set(provider, { time, satisfaction });
          changed = provider;
        } else if (known.satisfaction === satisfaction && known.weight === weight && known.time === time) repeated++;
        else {
          corrected++;
          changed = `${trustee} ${said.service}`;
          Object.assign(known, { satisfaction, weight, time, newest: Math.max(known.newest, time) });
        }
      } else {
        // Nobody trusts its time either.
        refused.push(wrong);
        continue;
      }
    }
    const advancedTo = receivedMs > now ? receivedMs : null;
    now = Math.max(now, receivedMs);
    const own = changed === null ? [] : [...counted].filter(([pair]) => pair.startsWith(`${changed} `));
    const pairs = step === null ? [] : own.map(([, list]) => pairOf(list, rules));
    const known =
      changed === null || step === null ? null : providerOf(pairs, firsts.get(changed)!.satisfaction, rules);
    const gone = forgottenBy(now, counted, firsts, rules);
    for (const of of gone.values()) forgotten += of.length;
    step?.({ receivedMs, advancedTo, provider: changed, known, forgotten: gone });
  }
  const pairs = new Map([...counted].map(([key, list]) => [key, pairOf(list, rules)]));
  const providers = new Map<string, ExpectedProvider>();
  for (const [key, { satisfaction }] of firsts) {
    const own = [...pairs].filter(([pair]) => pair.startsWith(`${key} `));
    providers.set(
      key,
      providerOf(
        own.map(([, pair]) => pair),
        satisfaction,
        rules,
      ),
    );
  }
  return { pairs, providers, refused, repeated, corrected, forgotten };
}

/** Takes away the pairs whose time is over, and providers without any; tells how many interactions each had. */
function forgottenBy(
  now: number,
  counted: Map<string, Counted[]>,
  firsts: Map<string, unknown>,
  { forgetMs }: JudgedRules,
): Map<string, number[]> {
  const gone = new Map<string, number[]>();
  if (forgetMs === undefined) return gone;
  const part = Math.max(1, Math.floor(forgetMs / 64));
  for (const [pair, list] of counted) {
    const end = Math.max(...list.map(({ newest }) => newest)) + forgetMs;
    if (now < end - (end % part) + part) continue;
    counted.delete(pair);
    const provider = pair.slice(0, pair.lastIndexOf(' '));
    gone.set(provider, [...(gone.get(provider) ?? []), list.length]);
  }
  for (const provider of gone.keys())
    if (![...counted.keys()].some((pair) => pair.startsWith(`${provider} `))) firsts.delete(provider);
  return gone;
}

function wrongIn(
  trustee: string,
  said: NonNullable<JudgedInteraction['said']>,
  receivedMs: number,
  now: number,
  rules: JudgedRules,
): string | null {
  if (!(said.satisfaction >= 0 && said.satisfaction <= 1)) return 'satisfaction';
  if (!(said.weight >= 0 && said.weight <= 1e6)) return 'weight';
  if (said.time > receivedMs + rules.aheadMs) return 'time';
  if (said.time < now - rules.horizonMs) return 'late';
  if (said.trustor === trustee) return 'trustor';
  return rules.services.includes(said.service) ? null : 'service';
}

function windowOf(list: readonly Counted[], halfLifeMs: number, at: number): ExpectedWindow {
  const weighed = list.filter(({ weight }) => weight > 0);
  if (weighed.length === 0) return { mean: Number.NaN, deviation: Number.NaN, evidence: 0 };
  const told = weighed.map(({ satisfaction, weight, time }) => ({ satisfaction, weight, timeMs: time }));
  const { mean, deviation, weight } = exactTrust(told, halfLifeMs);
  const newest = Math.max(...told.map(({ timeMs }) => timeMs));
  return { mean, deviation, evidence: weight * 2 ** ((newest - at) / halfLifeMs) };
}

function pairOf(list: readonly Counted[], { smallHalfLifeMs, bigHalfLifeMs }: JudgedRules): ExpectedPair {
  const at = Math.max(...list.map(({ newest }) => newest));
  const small = windowOf(list, smallHalfLifeMs, at);
  const big = windowOf(list, bigHalfLifeMs, at);
  const trust = Math.min(small.mean - small.deviation, big.mean - big.deviation);
  return { trust, small, big, interactions: list.length, at };
}

function providerOf(
  pairs: readonly ExpectedPair[],
  first: number,
  { smallHalfLifeMs, bigHalfLifeMs }: JudgedRules,
): ExpectedProvider {
  const at = Math.max(...pairs.map((pair) => pair.at));
  const [small, big] = [smallHalfLifeMs, bigHalfLifeMs].map((halfLifeMs, i) =>
    pairs
      .map((pair) => {
        const window = i === 0 ? pair.small : pair.big;
        return { ...window, trust: pair.trust, weight: window.evidence * 2 ** ((pair.at - at) / halfLifeMs) };
      })
      .filter(({ weight }) => weight > 0),
  );
  const mean = (of: readonly { readonly weight: number }[], value: (i: number) => number) =>
    of.reduce((sum, { weight }, i) => sum + weight * value(i), 0) / of.reduce((sum, { weight }) => sum + weight, 0);
  return {
    trust: mean(big!, (i) => big![i]!.trust),
    smallMean: mean(small!, (i) => small![i]!.mean),
    bigMean: mean(big!, (i) => big![i]!.mean),
    evidence: big!.reduce((sum, { weight }) => sum + weight, 0),
    interactions: pairs.reduce((sum, pair) => sum + pair.interactions, 0),
    raters: pairs.length,
    at,
    first,
  };
}

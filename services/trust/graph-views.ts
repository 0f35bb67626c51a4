/** What a person looks at: the ranking of a service, and one party with those around it. Plain data, bounded. */
import type { StandingNow } from '../../schemas/index.ts';
import type { StandingDecision } from '../../schemas/standing/index.ts';
import type { HistoryPoint } from './histories.ts';
import { NONE } from './pair-store.ts';
import { type ShownStanding, STANDINGS_IN_ORDER } from './providers.ts';
import { NOBODY } from './question.ts';
import type { Recommended } from './recommendation.ts';
import type { Recommender } from './recommender.ts';
import type { ServiceGraph } from './service-graph.ts';
import type { TrustGraph } from './trust-graph.ts';

export interface GraphStatus {
  /** Whether everything was read that was there at the start. */
  readonly isReady: boolean;
  readonly records: number;
  /** Records that could not be read, with what was wrong with the last. */
  readonly broken: number;
  readonly lastMistake: string | null;
  /** Records that found no room: too many services, or providers of one. */
  readonly unplaced: number;
  /** Of this thread's memory, with what the collector has not taken yet. */
  readonly bytes: number;
}

export interface ServiceView {
  readonly service: string;
  readonly providers: number;
  readonly pairs: number;
  /** Pairs that found no room. */
  readonly forgotten: number;
}

export interface RankingView {
  readonly service: string;
  readonly providers: readonly Recommended[];
  readonly total: number;
  /** Blacklisted ones: they are in no recommendation. */
  readonly barred: readonly { readonly provider: string; readonly standing: ShownStanding }[];
}

export interface StandingView {
  /** null: nobody has had an interaction with it for that service. */
  readonly standing: StandingNow | null;
  /** Those that it serves. */
  readonly services: readonly string[];
}

export interface LinkView {
  readonly party: string;
  /** T of the pair; null where nothing has weight. */
  readonly trust: number | null;
  readonly recent: number | null;
  readonly lasting: number | null;
  readonly interactions: number;
  readonly at: number;
}

export interface PartyView {
  readonly party: string;
  readonly service: string;
  /** As it serves; null where it does not. */
  readonly provider: Recommended | null;
  readonly standing: ShownStanding | null;
  /** Those who judge it, and those whom it judges; the newest pairs first. */
  readonly judgedBy: readonly LinkView[];
  readonly judges: readonly LinkView[];
  /** Links that are not among these. */
  readonly more: number;
  /** Oldest first. */
  readonly history: readonly HistoryPoint[];
  /** How far back it goes: `begins` is the beginning of all, `log` is where the log begins that was read, `start` the process's. */
  readonly historyFrom: 'begins' | 'log' | 'start' | 'reading';
  /** Why it stands so; null where it stands as normal. */
  readonly stands: StandingNow | null;
  /** An operator's, the newest first. */
  readonly decisions: readonly StandingDecision[];
}

const RANKED_MAX = 100;
const BARRED_MAX = 100;
const LINKS_MAX = 40;

export function servicesOf(trust: TrustGraph): ServiceView[] {
  return [...trust.services]
    .map(([service, { providers, pairs, forgotten }]) => ({
      service,
      providers: providers.size,
      pairs: pairs.size,
      forgotten,
    }))
    .sort((a, b) => (a.service < b.service ? -1 : 1));
}

export function rankingOf(trust: TrustGraph, recommender: Recommender, service: string, nowMs: number): RankingView {
  const question = { service, trustor: NOBODY, near: null, among: null, without: [], weights: null };
  const { providers } = recommender.ranking(trust, { ...question, limit: RANKED_MAX }, nowMs);
  const graph = trust.service(service);
  const barred: { provider: string; standing: ShownStanding }[] = [];
  for (let at = 0; at < graph.providers.end && barred.length < BARRED_MAX; at++) {
    const standing = standingOf(graph, at);
    if (graph.providers.name[at] === -1 || standing === 'normal' || standing === 'reintegrated') continue;
    barred.push({ provider: trust.names.of(graph.providers.name[at]!), standing });
  }
  return { service, providers, total: graph.providers.size, barred };
}

export function partyOf(
  trust: TrustGraph,
  recommender: Recommender,
  service: string,
  party: string,
  nowMs: number,
): Omit<PartyView, 'history' | 'historyFrom' | 'stands' | 'decisions'> {
  const graph = trust.service(service);
  const name = trust.names.find(party);
  const at = graph.providers.find(name);
  const question = { service, trustor: NOBODY, near: null, among: [party], without: [], weights: null, limit: 1 };
  const provider = at < 0 ? null : (recommender.ranking(trust, question, nowMs).providers[0] ?? null);
  const { pairs } = graph;
  const judgedBy = at < 0 ? NO_LINKS : links(pairs.columnHead(at), (slot) => pairs.columnNext(slot));
  const judges = name < 0 ? NO_LINKS : links(pairs.rowHead(name), (slot) => pairs.rowNext(slot));
  return {
    ...{ party, service, provider },
    standing: at < 0 ? null : standingOf(graph, at),
    judgedBy: judgedBy.slots.map((slot) => linkOf(graph, slot, trust.names.of(pairs.trustor(slot)))),
    judges: judges.slots.map((slot) =>
      linkOf(graph, slot, trust.names.of(graph.providers.name[pairs.provider(slot)]!)),
    ),
    more: judgedBy.more + judges.more,
  };
}

interface Links {
  readonly slots: readonly number[];
  readonly more: number;
}

const NO_LINKS: Links = { slots: [], more: 0 };

function links(head: number, next: (slot: number) => number): Links {
  const slots: number[] = [];
  let more = 0;
  for (let slot = head; slot !== NONE; slot = next(slot)) {
    if (slots.length < LINKS_MAX) slots.push(slot);
    else more++;
  }
  return { slots, more };
}

function linkOf({ pairs }: ServiceGraph, slot: number, party: string): LinkView {
  return {
    party,
    trust: known(pairs.trust(slot)),
    recent: known(pairs.recent(slot)),
    lasting: known(pairs.lasting(slot)),
    interactions: pairs.interactions(slot),
    at: pairs.atMs(slot),
  };
}

/** Which services a party is known to serve. */
export function servedBy(trust: TrustGraph, party: string): string[] {
  const name = trust.names.find(party);
  if (name < 0) return [];
  return [...trust.services].filter(([, { providers }]) => providers.find(name) >= 0).map(([service]) => service);
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);
const standingOf = ({ providers }: ServiceGraph, at: number): ShownStanding =>
  STANDINGS_IN_ORDER[providers.standing[at]!]!;

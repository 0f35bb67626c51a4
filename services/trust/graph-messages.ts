/** What is said between the program and the graph's thread. One answer comes for each call, in any order. */
import type { ErrorData, LogReaderDescriptor } from '../../engine/index.ts';
import type { GraphJob } from './graph-job.ts';
import type { GraphStatus, PartyView, RankingView, ServiceView, StandingView } from './graph-views.ts';
import type { Question } from './question.ts';
import type { Recommendation } from './recommendation.ts';

/** What the thread begins with. */
export interface GraphSetup {
  readonly job: GraphJob;
  readonly log: LogReaderDescriptor;
  readonly schemaIds: readonly (readonly [string, number])[];
  readonly partitions: number;
  readonly isAttested: boolean;
  /** Whether interactions are logged, and what operators decide. */
  readonly isLogged?: boolean;
  readonly isDecided?: boolean;
}

/** Each call by its name, with what it takes and gives. */
export interface GraphCalls {
  who: { readonly takes: Question; readonly gives: Recommendation };
  services: { readonly takes: null; readonly gives: readonly ServiceView[] };
  ranking: { readonly takes: { readonly service: string }; readonly gives: RankingView };
  party: { readonly takes: { readonly service: string; readonly party: string }; readonly gives: PartyView };
  standing: {
    readonly takes: { readonly service: string; readonly party: string };
    readonly gives: StandingView;
  };
  status: { readonly takes: null; readonly gives: GraphStatus };
  stop: { readonly takes: null; readonly gives: null };
}

export type CallName = keyof GraphCalls;

export type ToGraph = {
  [Name in CallName]: { readonly id: number; readonly call: Name; readonly takes: GraphCalls[Name]['takes'] };
}[CallName];

export interface FromGraph {
  /** -1: nobody asked; `error` then is what ended the reading. */
  readonly id: number;
  readonly gives?: unknown;
  readonly error?: ErrorData;
}

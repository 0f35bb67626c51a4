/** Recommendations from `trust.scores`: who should serve, and why. */

export { GraphHost, type GraphHostOptions } from './graph-host.ts';
export { GRAPH_JOB, type GraphJob } from './graph-job.ts';
export type { GraphStatus, LinkView, PartyView, RankingView, ServiceView } from './graph-views.ts';
export { type InteractionFormOptions, interactionForm } from './interaction-form.ts';
export { type AskedTexts, type Question, questionOf, type Weights } from './question.ts';
export type { Recommendation, Recommended } from './recommendation.ts';
export { REQUESTS_GROUP, TrustRequests } from './requests.ts';
export { TrustDesk, type TrustDeskOptions } from './trust-desk.ts';

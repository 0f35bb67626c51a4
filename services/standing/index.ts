export {
  type Looked,
  type Ordered,
  type StandingAnswer,
  StandingDesk,
  type StandingDeskOptions,
} from './standing-desk.ts';

export {
  checkStandingCommand,
  decodeStandingCommand,
  encodeStandingCommand,
  STANDING_ACTIONS,
  type StandingAction,
  type StandingCommand,
} from './command.ts';
export { decodeStandingDecision, encodeStandingDecision, type StandingDecision } from './decision.ts';

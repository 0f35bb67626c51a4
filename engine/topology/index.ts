export { deadLetterTopic, resendTopic, stateTopic, taskName } from './names.ts';
export {
  type Plan,
  type PlannedOutput,
  type PlannedSource,
  type PlannedStage,
  planTopology,
  type Subtopology,
  type TopologyDefinition,
} from './plan.ts';

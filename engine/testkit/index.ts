export {
  ActorDriver,
  type DriverLetter,
  type DriverOptions,
  type DriverRecord,
  testActor,
} from './actor-driver.ts';
export { type LogSettings, type LogUnderTest, logSuite } from './log-suite.ts';

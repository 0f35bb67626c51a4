/** Every workload that `npm run bench` knows. */
import type { AnyWorkload } from './workload.ts';
import { attest } from './workloads/attest/attest.ts';
import { signingModes, w4 } from './workloads/batch-signed/batch-signed.ts';
import { doubt } from './workloads/doubt/doubt.ts';
import { hostile } from './workloads/hostile/hostile.ts';
import { ids } from './workloads/ids/ids.ts';
import { join } from './workloads/join/join.ts';
import { kafkaRestart } from './workloads/kafka-restart/kafka-restart.ts';
import { kafkaSoak } from './workloads/kafka-soak/kafka-soak.ts';
import { kafkaTransactions } from './workloads/kafka-transactions/kafka-transactions.ts';
import { w1 } from './workloads/kafka-windows/w1.ts';
import { w2 } from './workloads/kafka-windows/w2.ts';
import { kills } from './workloads/kills/kills.ts';
import { latency } from './workloads/latency/latency.ts';
import { malformed } from './workloads/malformed/malformed.ts';
import { mqttIntake } from './workloads/mqtt-intake/workload.ts';
import { recommend } from './workloads/recommend/recommend.ts';
import { recovery } from './workloads/recovery/recovery.ts';
import { registry } from './workloads/registry/registry.ts';
import { republish } from './workloads/republish/republish.ts';
import { scaling } from './workloads/scaling/scaling.ts';
import { signed } from './workloads/signed/signed.ts';
import { signedFrames } from './workloads/signed-frames/signed-frames.ts';
import { simulate } from './workloads/simulate/simulate.ts';
import { soak } from './workloads/soak/soak.ts';
import { startup } from './workloads/startup/startup.ts';
import { tpm } from './workloads/tpm/tpm.ts';
import { trust } from './workloads/trust/trust.ts';
import { trustActorWorkload } from './workloads/trust-actor/trust-actor.ts';
import { windows } from './workloads/windows/windows.ts';

export const WORKLOADS: readonly AnyWorkload[] = [
  w1,
  w2,
  w4,
  latency,
  recovery,
  startup,
  windows,
  kafkaTransactions,
  kafkaRestart,
  kafkaSoak,
  signed,
  signedFrames,
  signingModes,
  registry,
  republish,
  join,
  scaling,
  mqttIntake,
  tpm,
  attest,
  doubt,
  trust,
  recommend,
  trustActorWorkload,
  ids,
  soak,
  simulate,
  kills,
  malformed,
  hostile,
];

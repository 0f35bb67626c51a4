"""EnMon frames to one-minute windows per device with Bytewax, at least once.

An item is what one poll gave of one partition, because Bytewax's own cost is by item; the windows of a partition are one
state. Its recovery store keeps state and offsets; the offsets of the epoch before are committed to the group as well, so
that they can be read at the broker. Arguments are name=value: bootstrap, application, input, output, stateFolder, threads,
epochMs, batch, windowMs, graceMs. Each of `threads` processes is one worker; they end when standard input does.
"""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

OPTIONS = dict(argument.split("=", 1) for argument in sys.argv[1:])
WINDOW_MS = int(OPTIONS["windowMs"])
GRACE_MS = int(OPTIONS["graceMs"])
HEAD = struct.Struct(">BHI15sBHHhH").unpack
TOLD = struct.Struct(">18q").pack


def launch() -> None:
    """One process a worker, as they share no interpreter lock."""
    from bytewax.recovery import init_db_dir

    folder = Path(OPTIONS["stateFolder"])
    folder.mkdir(parents=True)
    threads = int(OPTIONS["threads"])
    init_db_dir(folder, threads)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(threads)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    libc = ctypes.CDLL(None)
    children = [
        subprocess.Popen(
            [sys.executable, *sys.argv, f"worker={worker}", f"addresses={';'.join(addresses)}"],
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: libc.prctl(1, signal.SIGKILL),
        )
        for worker in range(threads)
    ]
    print("bytewax", OPTIONS, file=sys.stderr)
    while os.read(0, 4096):
        pass
    for child in children:
        child.kill()
        child.wait()


def add(windows: dict, stream_time: int, batch: list, told: list) -> int:
    """The hot loop: each frame is decoded with every check that the generated decoder makes."""
    for device, timestamp, frame in batch:
        version, length, _, imei, flags, battery, noise, temperature, humidity = HEAD(frame)
        if version != 1 or length != 28 or flags != 0 or not imei.isdigit():
            raise ValueError("no EnMon frame")
        if (
            not 1700 <= battery <= 6000
            or noise > 140
            or not -400 <= temperature <= 850
            or humidity > 1000
        ):
            raise ValueError("out of range")
        start = timestamp - timestamp % WINDOW_MS
        if start + WINDOW_MS + GRACE_MS <= stream_time:
            continue
        devices = windows.get(start)
        if devices is None:
            devices = windows[start] = {}
        sums = devices.get(device)
        if sums is None:
            devices[device] = [
                1,
                battery, battery, battery, battery * battery,
                noise, noise, noise, noise * noise,
                temperature, temperature, temperature, temperature * temperature,
                humidity, humidity, humidity, humidity * humidity,
            ]  # fmt: skip
        else:
            sums[0] += 1
            sums[1] += battery
            if battery < sums[2]:
                sums[2] = battery
            elif battery > sums[3]:
                sums[3] = battery
            sums[4] += battery * battery
            sums[5] += noise
            if noise < sums[6]:
                sums[6] = noise
            elif noise > sums[7]:
                sums[7] = noise
            sums[8] += noise * noise
            sums[9] += temperature
            if temperature < sums[10]:
                sums[10] = temperature
            elif temperature > sums[11]:
                sums[11] = temperature
            sums[12] += temperature * temperature
            sums[13] += humidity
            if humidity < sums[14]:
                sums[14] = humidity
            elif humidity > sums[15]:
                sums[15] = humidity
            sums[16] += humidity * humidity
        if timestamp > stream_time:
            stream_time = timestamp
            for opened in [one for one in windows if one + WINDOW_MS + GRACE_MS <= stream_time]:
                told.extend((device, TOLD(opened, *sums)) for device, sums in windows.pop(opened).items())
    return stream_time


def work() -> None:
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage
    from bytewax.dataflow import Dataflow
    from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
    from bytewax.operators import StatefulBatchLogic
    from bytewax.recovery import RecoveryConfig
    from bytewax.testing import cluster_main
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

    class Partition(StatefulSourcePartition):
        def __init__(self, number: int, offset: int):
            self.number = number
            self.offset = offset
            self.committed = offset
            self.consumer = Consumer(
                {
                    "bootstrap.servers": OPTIONS["bootstrap"],
                    "group.id": OPTIONS["application"],
                    "enable.auto.commit": False,
                    "check.crcs": True,
                    "queued.min.messages": 100_000,
                    "fetch.message.max.bytes": 4 << 20,
                }
            )
            self.consumer.assign([TopicPartition(OPTIONS["input"], number, offset)])

        def next_batch(self):
            messages = self.consumer.consume(int(OPTIONS["batch"]), 0.001)
            if not messages:
                return []
            for message in messages:
                if message.error() is not None:
                    raise KafkaException(message.error())
            self.offset = messages[-1].offset() + 1
            batch = [(message.key(), message.timestamp()[1], message.value()) for message in messages]
            return [(str(self.number), batch)]

        def snapshot(self):
            # Whatever came before the epoch that ends now has been worked off.
            if self.committed >= 0:
                done = TopicPartition(OPTIONS["input"], self.number, self.committed)
                self.consumer.commit(offsets=[done], asynchronous=True)
            self.committed = self.offset
            return self.offset

        def close(self):
            self.consumer.close()

    class Source(FixedPartitionedSource):
        def list_parts(self):
            consumer = Consumer({"bootstrap.servers": OPTIONS["bootstrap"], "group.id": OPTIONS["application"]})
            partitions = consumer.list_topics(OPTIONS["input"]).topics[OPTIONS["input"]].partitions
            consumer.close()
            return [str(number) for number in partitions]

        def build_part(self, step_id, for_part, resume_state):
            return Partition(int(for_part), OFFSET_BEGINNING if resume_state is None else resume_state)

    class Windows(StatefulBatchLogic):
        def __init__(self, resume_state):
            self.stream_time, self.windows = resume_state or (0, {})

        def on_batch(self, batches):
            told = []
            for batch in batches:
                self.stream_time = add(self.windows, self.stream_time, batch, told)
            return told, StatefulBatchLogic.RETAIN

        def snapshot(self):
            return self.stream_time, {start: {k: v[:] for k, v in sums.items()} for start, sums in self.windows.items()}

    flow = Dataflow("windows")
    frames = op.input("frames", flow, Source())
    told = op.stateful_batch("windows", frames, Windows)
    messages = op.map("message", told, lambda item: KafkaSinkMessage(key=item[1][0], value=item[1][1]))
    op.output("told", messages, KafkaSink([OPTIONS["bootstrap"]], OPTIONS["output"], {"linger.ms": 100}))
    cluster_main(
        flow,
        OPTIONS["addresses"].split(";"),
        int(OPTIONS["worker"]),
        epoch_interval=timedelta(milliseconds=int(OPTIONS["epochMs"])),
        recovery_config=RecoveryConfig(OPTIONS["stateFolder"]),
    )


if __name__ == "__main__":
    if "worker" in OPTIONS:
        work()
    else:
        launch()

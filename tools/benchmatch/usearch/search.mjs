// A peer of benchmatch: usearch's exact search. See peer.go for the protocol.
import { openSync, readSync, fstatSync } from "node:fs";
import { createInterface } from "node:readline";
import usearch from "usearch";

const [folder, , dims, k, kind] = process.argv.slice(2);
const d = Number(dims);
const Scalars = kind === "i8" ? Int8Array : Float32Array;

// Node reads at most 2 GiB at once.
function load(name) {
  const file = openSync(`${folder}/${name}.${kind}`);
  const bytes = new Uint8Array(fstatSync(file).size);
  for (let at = 0; at < bytes.length; ) {
    at += readSync(file, bytes, at, Math.min(1 << 28, bytes.length - at), at);
  }
  return new Scalars(bytes.buffer);
}

const rows = load("rows");
const probes = load("probes");
const count = probes.length / d;

function answer({ threads, first, calls, batch }) {
  // Copies: exactSearch ignores where in its buffer a view begins.
  const questions = Array.from({ length: calls }, (_, i) => {
    const at = (first + i * batch) % count;
    return probes.slice(at * d, Math.min(count, at + batch) * d);
  });
  const ids = [];
  const cpu = process.cpuUsage();
  const begun = process.hrtime.bigint();
  for (const probe of questions) {
    ids.push(...usearch.exactSearch(rows, probe, d, Number(k), "ip", threads).keys);
  }
  const wall = Number(process.hrtime.bigint() - begun);
  const used = process.cpuUsage(cpu);
  return { cpu: (used.user + used.system) * 1000, wall, ids: ids.map(Number) };
}

console.log(JSON.stringify({ note: "npm 2.25.3 exactSearch" }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(answer(JSON.parse(line))));
}

// Starts a server, runs the tests against it one file after the other, and
// ends what it started. SCRATCH is the folder that tools/test-browser made.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "./harness/idem.mjs";

const limit = 10 * 60_000; // milliseconds for everything
const scratch = process.env.SCRATCH, tests = join(dirname(fileURLToPath(import.meta.url)), "tests");
const names = process.argv.slice(2);
const files = (names.length > 0 ? names.map(n => `${n.replace(/\.test\.mjs$/, "")}.test.mjs`) : readdirSync(tests).filter(f => f.endsWith(".test.mjs")).sort()).map(f => join(tests, f));

const stage = join(scratch, "stage");
const idem = await serve(join(scratch, "idem"), join(scratch, "data"), stage);
const runner = spawn(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...process.env.ONLY ? [`--test-name-pattern=${process.env.ONLY}`] : [], ...files],
  { stdio: "inherit", env: { ...process.env, IDEM_URL: idem.url, IDEM_SECRET: idem.secret, STAGE: stage } });
const end = signal => runner.kill(signal);
process.once("SIGINT", () => end("SIGINT")).once("SIGTERM", () => end("SIGTERM"));
const late = setTimeout(() => { console.error("the tests take too long"); end("SIGTERM"); }, limit);
const [code] = await once(runner, "exit");
clearTimeout(late);
await idem.stop();
if (code !== 0) console.error(idem.log());
process.exitCode = code ?? 1;

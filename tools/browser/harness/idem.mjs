// The server under test and its APIs.

import { spawn, execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Waits until look answers something that is neither null nor false; fails after so many seconds. */
export async function eventually(what, look, seconds = 20) {
  for (const end = Date.now() + seconds * 1000; ;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} seconds`);
    await new Promise(done => setTimeout(done, 50));
  }
}

/** A port of the loopback that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** A language that an operator added, written from right to left: English words behind Arabic ones. */
function addLanguage(data) {
  const english = JSON.parse(readFileSync(new URL("../../../internal/capture/ui/locales/en.json", import.meta.url), "utf8"));
  const texts = Object.fromEntries(Object.entries(english).map(([key, text]) => [key, `نص: ${text}`]));
  mkdirSync(join(data, "texts"), { recursive: true });
  writeFileSync(join(data, "texts", "ar.json"), JSON.stringify({ ...texts, lang: "ar", dir: "rtl", name: "العربية" }));
}

/** Starts a server with an organisation in an empty data folder, which trusts the root of the stage's chip and has one language more. */
export async function serve(binary, data, stage) {
  const idem = async (...args) => (await run(binary, [...args, "--data", data], { timeout: 60_000 })).stdout;
  const org = JSON.parse(await idem("org", "create", "Browser tests", "--json"));
  addLanguage(data);
  await idem("trust", "import", `${stage}/csca.cer`);
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ["serve", "--data", data, "--listen", listen, "--specimens", "--webhook-allow", "127.0.0.1"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", text => { said += text; });
  const ended = once(child, "exit");
  const stop = async () => { child.kill("SIGTERM"); await ended; };
  const url = `http://${listen}`;
  try {
    await eventually("the server becomes ready", async () => {
      if (child.exitCode !== null) throw new Error(`the server ended: ${said}`);
      return (await fetch(`${url}/readyz`).catch(() => null))?.ok;
    }, 120);
  } catch (e) {
    await stop();
    throw e;
  }
  return { url, secret: org.secret_key, key: org.api_key, stop, log: () => said };
}

/** What tests ask of the server, as an integrator does. */
export class Idem {
  constructor(url, secret) { this.url = url; this.secret = secret; }

  async call(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, { method, headers: { "Content-Type": "application/json", ...headers }, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  native(method, path, body) { return this.call(method, path, body, { Authorization: `Bearer ${this.secret}` }); }

  /** Makes a flow of technologies under a name of its own; more are further members of it. Persons are made only when more says so. */
  flow(technologies, more = {}) {
    return this.native("POST", "/v1/flows", { name: `${technologies.join(" ")} ${randomUUID()}`, technologies, person_config: { collection_enabled: false }, ...more });
  }

  async open(flow, metadata = {}, locale) {
    const opened = await this.call("POST", "/api/v1/flows/session/create/", { api_key: flow.key, metadata, ...(locale ? { locale } : {}) });
    return opened.session_id;
  }

  state(session) { return this.call("GET", `/api/v1/flows/session/${session}/state/`); }

  result(flow, session) { return this.call("GET", `/api/v1/flows/session/result/?session_id=${session}&flow_api_key=${flow.key}`); }

  /** The person whom a session was collected into. */
  async collected(session) {
    const done = await eventually(`session ${session} is collected`, async () => {
      const { data } = await this.native("GET", "/v1/collections?limit=100");
      return data.find(c => c.session_id === session && c.person_id);
    });
    return this.native("GET", `/v1/persons/${done.person_id}`);
  }
}

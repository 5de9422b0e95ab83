// A proxy between page and server, whose connections break off as a telephone's do.

import { once } from "node:events";
import { createServer, request } from "node:http";

export class Line {
  /** How the next requests with evidence go: "upload" breaks off within the body, "answer" when the server has answered. */
  cuts = [];
  /** How often evidence was sent. */
  sent = 0;
  #server;

  static async to(server) {
    const line = new Line();
    line.#server = createServer((asked, answer) => line.#pass(server, asked, answer)).listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    line.url = `http://127.0.0.1:${line.#server.address().port}`;
    return line;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(server, asked, answer) {
    const cut = /\/steps\/\d+\/$/.test(asked.url) && ++this.sent ? this.cuts.shift() : undefined;
    const onwards = request(server + asked.url, { method: asked.method, headers: asked.headers });
    onwards.on("error", () => asked.socket.destroy());
    if (cut === "upload") {
      asked.once("data", some => onwards.write(some, () => { onwards.destroy(); asked.socket.destroy(); }));
      return;
    }
    asked.pipe(onwards);
    onwards.on("response", from => {
      if (cut === "answer") return from.on("end", () => asked.socket.destroy()).resume();
      answer.writeHead(from.statusCode, { ...from.headers, connection: "close" }); // on a connection of its own a browser sends nothing again by itself
      from.pipe(answer);
    });
  }
}
